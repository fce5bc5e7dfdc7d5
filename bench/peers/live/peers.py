"""The peers behind one interface: embed a step, detect a list of tokens. Runs their released CPU code; nothing is copied.

peers.py versions                 what is installed
peers.py crosscheck < JOB         see crosscheck.mjs
peers.py time                     see speed.mjs; one request a line
"""

import importlib.metadata
import importlib.util
import json
import logging
import os
import statistics
import sys
import tempfile
import time
import types

import torch

V = 49_152
TOP_K = 50
DISTRIBUTIONS = ["markllm", "sglang", "synthid-text", "torch", "transformers", "vllm"]


def stand_in(name, path=None, **attributes):
    """A module in place of one that needs a GPU or an engine; with `path`, a package whose submodules are real."""
    module = types.ModuleType(name)
    if path is not None:
        module.__path__ = [path]
    module.__dict__.update(attributes)
    sys.modules[name] = module


def package_directory(name):
    return os.path.dirname(importlib.util.find_spec(name).origin)


class HuggingFaceGreenList:
    """WatermarkLogitsProcessor and WatermarkDetector of transformers."""

    stage = "raw"

    def __init__(self, mark, vocabulary, seeding, gamma=0.25):
        from transformers.generation import WatermarkDetector, WatermarkLogitsProcessor

        width = 1 if seeding == "lefthash" else 4
        settings = dict(greenlist_ratio=gamma, bias=2.0, hashing_key=int(mark["key"]), seeding_scheme=seeding, context_width=width)
        self.processor = WatermarkLogitsProcessor(vocabulary, "cpu", **settings)
        model = types.SimpleNamespace(vocab_size=vocabulary, bos_token_id=-1, is_encoder_decoder=False)
        self.detector = WatermarkDetector(model, "cpu", settings, ignore_repeated_ngrams=True)

    def logits(self, ids, scores):
        return self.processor(ids, scores)

    def detect(self, prompt, tokens):
        out = self.detector(torch.tensor([tokens]), return_dict=True)
        return {"statistic": "z", "value": float(out.z_score[0]), "n": int(out.num_tokens_scored[0]), "detected": bool(out.prediction[0])}


class SynthId:
    """The processor of transformers or of synthid-text, and the mean of its g-values."""

    stage = "warped"

    def __init__(self, mark, vocabulary, peer):
        keys = [int(key) for key in mark["key"].split(",")]
        self.depth = len(keys)
        settings = dict(ngram_len=5, keys=keys, sampling_table_size=2**16, sampling_table_seed=0, context_history_size=1024)
        if peer == "transformers":
            from transformers.generation import SynthIDTextWatermarkLogitsProcessor

            self.make = lambda: SynthIDTextWatermarkLogitsProcessor(device=torch.device("cpu"), **settings)
        else:
            from synthid_text.logits_processing import SynthIDLogitsProcessor

            self.make = lambda: SynthIDLogitsProcessor(device=torch.device("cpu"), top_k=TOP_K, temperature=1.0, **settings)
        self.peer = peer
        self.processor = self.make()

    def start(self):
        self.processor = self.make()

    def logits(self, ids, scores):
        if self.peer == "transformers":
            return self.processor(ids, scores)
        values, candidates = self.candidates(ids, scores)
        return torch.full_like(scores, -torch.inf).scatter_(1, candidates, values)

    def candidates(self, ids, scores):
        values, candidates, _ = self.processor.watermarked_call(ids, scores)
        return values, candidates

    def detect(self, prompt, tokens):
        ids = torch.tensor([tokens])
        g = self.processor.compute_g_values(ids)
        mask = self.processor.compute_context_repetition_mask(ids)
        n = int(mask.sum())
        mean = float((g.sum(dim=2) * mask).sum() / (n * self.depth))
        # The mean detector has no threshold of its own; 4 standard deviations of fair coins stand in for one.
        return {"statistic": "mean g", "value": mean, "n": n, "detected": mean > 0.5 + 2 / (n * self.depth) ** 0.5}


class MarkLlm:
    """KGW and Unigram of MarkLLM."""

    stage = "raw"

    def __init__(self, mark, vocabulary, algorithm, gamma=0.5):
        config = {"algorithm_name": algorithm, "gamma": gamma, "delta": 2.0, "hash_key": int(mark["key"]), "z_threshold": 4.0,
                  "prefix_length": 1, "f_scheme": "time", "window_scheme": "left"}
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(config, file)
            file.flush()
            host = types.SimpleNamespace(model=None, tokenizer=None, vocab_size=vocabulary, device="cpu", gen_kwargs={})
            if algorithm == "KGW":
                from markllm.watermark.kgw.kgw import KGW as Watermark
            else:
                from markllm.watermark.unigram.unigram import Unigram as Watermark
            self.watermark = Watermark(file.name, host)

    def logits(self, ids, scores):
        return self.watermark.logits_processor(ids, scores)

    def detect(self, prompt, tokens):
        z, flags = self.watermark.utils.score_sequence(torch.tensor(tokens))
        return {"statistic": "z", "value": float(z), "n": sum(1 for flag in flags if flag >= 0), "detected": bool(z > 4)}


class Vllm:
    """GumbelWatermarker and its detector; the rest of the engine is a stand-in."""

    stage = "choice"

    def __init__(self, mark, vocabulary):
        base = package_directory("vllm")
        for name, path in [("vllm", base), ("vllm.config", f"{base}/config"), ("vllm.v1", f"{base}/v1"),
                           ("vllm.v1.watermarking", f"{base}/v1/watermarking")]:
            stand_in(name, path)
        stand_in("vllm.config.utils", config=lambda cls: cls)
        stand_in("vllm.logger", init_logger=logging.getLogger)
        for name in ["vllm.v1.worker", "vllm.v1.worker.gpu", "vllm.v1.worker.gpu.sample"]:
            stand_in(name, "")
        stand_in("vllm.v1.worker.gpu.sample.gumbel", gumbel_sample=None)
        from vllm.v1.watermarking.gumbel import GumbelWatermarkDetector, GumbelWatermarker

        self.watermarker = GumbelWatermarker(int(mark["key"]))
        self.detector = GumbelWatermarkDetector(key=int(mark["key"]), deduplicate_contexts=True)

    def choose(self, prompt_length, ids, scores):
        generated = ids[:, prompt_length:]
        padding = torch.full((ids.shape[0], 4), -1)
        return self.watermarker.sample(scores, torch.cat([padding, generated], dim=1)[:, -4:]).token_ids

    def detect(self, prompt, tokens):
        out = self.detector.detect(tokens)
        return {"statistic": "p", "value": out.p_value, "n": out.num_scored_tokens, "detected": bool(out.is_watermarked)}


class Sglang:
    """The CPU selector and the detector; the rest of the engine is a stand-in."""

    stage = "choice"

    def __init__(self, mark, vocabulary):
        base = package_directory("sglang")
        for name, path in [("sglang", base), ("sglang.srt", f"{base}/srt"), ("sglang.srt.sampling", f"{base}/srt/sampling")]:
            stand_in(name, path)
        from sglang.srt.sampling.watermarking import core, detector

        self.core = core
        self.hash_context = detector.hash_context
        self.detector = detector.WatermarkDetector(mark["key"])
        word = int(mark["key"], 16)
        self.key = word - 2**64 if word >= 2**63 else word

    def choose(self, prompt_length, ids, scores):
        rows = ids.shape[0]
        hashes = torch.tensor([self.hash_context(row[-4:].tolist()) for row in ids])
        keys = torch.full((rows,), self.key)
        return self.core.select_watermark_tokens_torch(torch.softmax(scores, dim=-1), hashes, keys)

    def detect(self, prompt, tokens):
        out = self.detector.detect_tokens(tokens, prompt_token_ids=prompt).combined
        return {"statistic": "log p", "value": out.log_p_value, "n": out.num_contexts, "detected": out.p_value <= 0.01}


MAKERS = {
    ("hf-lefthash", "transformers"): lambda mark, vocabulary: HuggingFaceGreenList(mark, vocabulary, "lefthash"),
    ("hf-selfhash", "transformers"): lambda mark, vocabulary: HuggingFaceGreenList(mark, vocabulary, "selfhash"),
    ("synthid-hf", "transformers"): lambda mark, vocabulary: SynthId(mark, vocabulary, "transformers"),
    ("synthid-hf", "synthid-text"): lambda mark, vocabulary: SynthId(mark, vocabulary, "synthid-text"),
    ("markllm-kgw", "markllm"): lambda mark, vocabulary: MarkLlm(mark, vocabulary, "KGW"),
    ("unigram", "markllm"): lambda mark, vocabulary: MarkLlm(mark, vocabulary, "Unigram"),
    ("vllm-gumbel", "vllm"): Vllm,
    ("sglang-gumbel", "sglang"): Sglang,
}


def make(mark, vocabulary=V):
    return MAKERS[mark["profile"], mark["peer"]](mark, vocabulary)


def truncated(scores):
    """Top-k at temperature 1."""
    least = scores.topk(TOP_K, dim=-1).values[:, -1:]
    return scores.masked_fill(scores < least, -torch.inf)


def generate(model, peer, prompts, length, seed):
    """Answers to prompts of one length, by the peer's own rule on the model's own logits. (B, length)"""
    torch.manual_seed(seed)
    ids = torch.tensor(prompts)
    start = ids.shape[1]
    if hasattr(peer, "start"):
        peer.start()
    step, cache = ids, None
    for _ in range(length):
        with torch.no_grad():
            out = model(input_ids=step, past_key_values=cache, use_cache=True)
        cache, scores = out.past_key_values, out.logits[:, -1].float()
        scores[:, :17] = -torch.inf  # no special token: answers of one length
        if peer.stage == "raw":
            scores = truncated(peer.logits(ids, scores.clone()))
        elif peer.stage == "warped":
            scores = peer.logits(ids, truncated(scores))
        else:
            scores = truncated(scores)
        if peer.stage == "choice":
            step = peer.choose(start, ids, scores).view(-1, 1)
        else:
            step = torch.multinomial(torch.softmax(scores, dim=-1), 1)
        ids = torch.cat([ids, step], dim=1)
    return ids[:, start:].tolist()


def load_model(file):
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    directory, name = os.path.split(file)
    return AutoModelForCausalLM.from_pretrained(directory, gguf_file=name, dtype=torch.float32).eval()


def crosscheck(job):
    """Per mark: the peer's answers, and its verdict on its own, on ours and on unmarked text."""
    model = load_model(job["model"])
    results = []
    for mark, ours in zip(job["marks"], job["ours"]):
        began = time.monotonic()
        peer = make(mark)
        answers = generate(model, peer, job["prompts"], job["length"], seed=7)
        verdict = lambda texts: [peer.detect(text["prompt"], text["tokens"]) for text in texts]
        own = [{"prompt": prompt, "tokens": tokens} for prompt, tokens in zip(job["prompts"], answers)]
        results.append({"answers": own, "own": verdict(own), "ours": verdict(ours), "unmarked": verdict(job["unmarked"])})
        print(f"{mark['peer']} {mark['profile']}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    return results


def time_requests():
    """One JSON request a line: times `calls` runs of a step of embedding, or of a detection, of one peer."""
    torch.set_num_threads(1)
    made = {}
    for line in sys.stdin:
        job = json.loads(line)
        key = (job["mark"]["profile"], job["mark"]["peer"], job["V"])
        if key not in made:
            made[key] = make(job["mark"], job["V"])
        peer = made[key]
        tokens = [min(token, job["V"] - 1) for token in job["tokens"]]
        if job["task"] == "detect":
            run = lambda: peer.detect([], tokens)
        else:
            ids = torch.tensor([tokens])
            row = torch.randn(1, job["V"])
            run = lambda: peer.candidates(ids, row) if job["task"] == "candidates" else peer.logits(ids, row.clone())
        times = []
        for _ in range(job["calls"]):
            began = time.perf_counter()
            run()
            times.append((time.perf_counter() - began) * 1e6)
        print(json.dumps(statistics.median(times)), flush=True)


if __name__ == "__main__":
    command = sys.argv[1]
    if command == "versions":
        print(json.dumps({name: importlib.metadata.version(name) for name in DISTRIBUTIONS}))
    elif command == "crosscheck":
        print(json.dumps(crosscheck(json.load(sys.stdin))))
    elif command == "time":
        time_requests()
    else:
        sys.exit(f"command: expected versions, crosscheck or time, got {command}")
