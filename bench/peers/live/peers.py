"""The peers behind one interface: embed a step, detect a list of tokens. Runs their released CPU code; nothing is copied.

peers.py versions                 what is installed
peers.py crosscheck < JOB         see crosscheck.mjs
peers.py serve                    see speed.mjs; one request a line, one answer a line
"""

import functools
import importlib.metadata
import importlib.util
import json
import logging
import os
import sys
import tempfile
import time
import types

os.environ["TQDM_DISABLE"] = "1"

import torch

V = 49_152
TOP_K = 50
DISTRIBUTIONS = ["markllm", "sglang", "synthid-text", "textseal", "torch", "transformers", "vllm"]


def stand_in(name, path=None, **attributes):
    """A module in place of one that needs a GPU or an engine; with `path`, a package whose submodules are real."""
    module = types.ModuleType(name)
    if path is not None:
        module.__path__ = [path]
    module.__dict__.update(attributes)
    sys.modules[name] = module


@functools.cache
def package_directory(name):
    """Where a package lies; remembered, since a stand-in takes its name afterwards."""
    return os.path.dirname(importlib.util.find_spec(name).origin)


class HuggingFaceGreenList:
    """WatermarkLogitsProcessor and WatermarkDetector of transformers."""

    stage = "raw"

    def __init__(self, mark, vocabulary, seeding):
        from transformers.generation import WatermarkDetector, WatermarkLogitsProcessor

        width = 1 if seeding == "lefthash" else 4
        settings = dict(greenlist_ratio=mark.get("gamma", 0.25), bias=2.0, hashing_key=int(mark["key"]), seeding_scheme=seeding, context_width=width)
        self.processor = WatermarkLogitsProcessor(vocabulary, "cpu", **settings)
        model = types.SimpleNamespace(vocab_size=vocabulary, bos_token_id=-1, is_encoder_decoder=False)
        self.detector = WatermarkDetector(model, "cpu", settings)
        self.distinct = WatermarkDetector(model, "cpu", settings, ignore_repeated_ngrams=True)

    def logits(self, ids, scores):
        return self.processor(ids, scores)

    def figures(self, tokens):
        out = self.detector(torch.tensor([tokens]), return_dict=True)
        return {name: float(getattr(out, name)[0]) for name in ["num_tokens_scored", "num_green_tokens", "z_score", "p_value"]}

    def detect(self, tokens):
        figures = self.figures(tokens)
        distinct = self.distinct(torch.tensor([tokens]), return_dict=True)
        for name in ["z_score", "p_value"]:
            figures[f"{name} (ignore_repeated_ngrams)"] = float(getattr(distinct, name)[0])
        return {"figures": figures, "detected": bool(distinct.prediction[0])}


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

            top_k = mark.get("topK", TOP_K)
            self.make = lambda: SynthIDLogitsProcessor(device=torch.device("cpu"), top_k=top_k, temperature=1.0, **settings)
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

    def figures(self, tokens):
        ids = torch.tensor([tokens])
        g = self.processor.compute_g_values(ids)
        mask = self.processor.compute_context_repetition_mask(ids)
        scored = int(mask.sum())
        return {"scored": scored, "mean_score": float((g * mask.unsqueeze(2)).sum() / (scored * self.depth))}

    def detect(self, tokens):
        from synthid_text.detector_mean import mean_score, weighted_mean_score  # transformers releases no such score

        ids = torch.tensor([tokens])
        g = self.processor.compute_g_values(ids).numpy()
        mask = self.processor.compute_context_repetition_mask(ids).numpy()
        scored, mean = int(mask.sum()), float(mean_score(g, mask)[0])
        figures = {"scored": scored, "mean_score": mean, "weighted_mean_score": float(weighted_mean_score(g, mask)[0])}
        # The scores have no threshold of their own; 4 standard deviations of fair coins stand in for one.
        return {"figures": figures, "detected": mean > 0.5 + 2 / (scored * self.depth) ** 0.5}


class MarkLlm:
    """KGW and Unigram of MarkLLM."""

    stage = "raw"

    def __init__(self, mark, vocabulary, algorithm):
        config = {"algorithm_name": algorithm, "gamma": mark.get("gamma", 0.5), "delta": 2.0, "hash_key": int(mark["key"]), "z_threshold": 4.0,
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

    def figures(self, tokens):
        z, _ = self.watermark.utils.score_sequence(torch.tensor(tokens))
        return {"score": float(z)}

    def detect(self, tokens):
        figures = self.figures(tokens)
        return {"figures": figures, "detected": figures["score"] > 4}


class TextSeal:
    """The green-list processor of TextSeal; the rest of its post-hoc package is a stand-in."""

    def __init__(self, mark, vocabulary):
        base = package_directory("textseal")
        for name in ["", ".common", ".common.watermark", ".posthoc"]:
            stand_in("textseal" + name, base + name.replace(".", "/"))
        from textseal.common.watermark.core import WatermarkConfig
        from textseal.posthoc.generator import GreenlistGenerator

        self.width = mark["h"]
        config = WatermarkConfig(secret_key=int(mark["key"]), ngram=self.width, watermark_type="greenlist", method="binary", gamma=0.5, delta=2.0)
        self.host = types.SimpleNamespace(wm_args=config, delta=config.delta)
        self.processor = GreenlistGenerator.logits_processor

    def logits(self, ids, scores):
        return self.processor(self.host, scores, ids[:, -self.width:])


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

    def detect(self, tokens):
        out = self.detector.detect(tokens)
        figures = {name: getattr(out, name) for name in ["num_scored_tokens", "score", "p_value"]}
        return {"figures": figures, "detected": bool(out.is_watermarked)}


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

    def detect(self, tokens):
        out = self.detector.detect_tokens(tokens)
        all_contexts = out.combined
        figures = {"n": all_contexts.num_contexts, "score": all_contexts.score, "z": all_contexts.z_score,
                   "p": all_contexts.p_value, "log_p": all_contexts.log_p_value,
                   "repeated_contexts": out.repeated_contexts, "skipped_initial_tokens": out.skipped_initial_tokens}
        return {"figures": figures, "detected": all_contexts.p_value <= 0.01}


MAKERS = {
    ("hf-lefthash", "transformers"): lambda mark, vocabulary: HuggingFaceGreenList(mark, vocabulary, "lefthash"),
    ("hf-selfhash", "transformers"): lambda mark, vocabulary: HuggingFaceGreenList(mark, vocabulary, "selfhash"),
    ("synthid-hf", "transformers"): lambda mark, vocabulary: SynthId(mark, vocabulary, "transformers"),
    ("synthid-hf", "synthid-text"): lambda mark, vocabulary: SynthId(mark, vocabulary, "synthid-text"),
    ("markllm-kgw", "markllm"): lambda mark, vocabulary: MarkLlm(mark, vocabulary, "KGW"),
    ("unigram", "markllm"): lambda mark, vocabulary: MarkLlm(mark, vocabulary, "Unigram"),
    ("textseal-green-list", "textseal"): TextSeal,
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
    directory, name = os.path.split(file)
    return AutoModelForCausalLM.from_pretrained(directory, gguf_file=name, dtype=torch.float32).eval()


def crosscheck(job):
    """Per mark: the peer's answers, and its verdict on its own, on ours and on unmarked text."""
    torch.set_num_threads(1)  # a second thread waits for the first on a busy machine
    model = load_model(job["model"])
    results = []
    for mark, ours in zip(job["marks"], job["ours"]):
        began = time.monotonic()
        peer = make(mark)
        answers = generate(model, peer, job["prompts"], job["length"], seed=7)
        verdicts = lambda texts: [peer.detect(tokens) for tokens in texts]
        results.append({"answers": answers, "own": verdicts(answers), "ours": verdicts(ours), "unmarked": verdicts(job["unmarked"])})
        print(f"{mark['peer']} {mark['profile']}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    return results


class Server:
    """Times peers, one request at a time; a peer lives as long as the process, and embeds one growing text."""

    def __init__(self):
        torch.set_num_threads(1)
        self.peers = {}
        self.rows = {}

    def answer(self, job):
        name = json.dumps([job["mark"], job["V"]], sort_keys=True)
        if name not in self.peers:
            self.peers[name] = {"peer": make(job["mark"], job["V"]), "text": []}
        return getattr(self, job["task"])(job, **self.peers[name])

    def embed(self, job, peer, text):
        """Microseconds of CPU time of a step after each of the tokens; the last step's row goes to a file."""
        row = self.row(job)
        times = []
        for token in job["tokens"]:
            text.append(token)
            ids = torch.tensor([text])
            began = time.thread_time()
            out = peer.logits(ids, row.clone())
            times.append((time.thread_time() - began) * 1e6)
        out[0].numpy().tofile(job["out"])
        return times

    def candidates(self, job, peer, text):
        """The same of a peer that picks the candidates itself; the file holds their ids, then their values."""
        row = self.row(job)
        times = []
        for token in job["tokens"]:
            text.append(token)
            ids = torch.tensor([text])
            began = time.thread_time()
            values, candidates = peer.candidates(ids, row.clone())
            times.append((time.thread_time() - began) * 1e6)
        torch.cat([candidates[0].double(), values[0].double()]).numpy().tofile(job["out"])
        return times

    def detect(self, job, peer, text):
        """Microseconds of a detection as users call it, and its figures."""
        began = time.thread_time()
        figures = peer.figures(job["tokens"])
        return {"time": (time.thread_time() - began) * 1e6, "figures": figures}

    def gValues(self, job, peer, text):
        began = time.thread_time()
        total = int(peer.processor.compute_g_values(torch.tensor([job["tokens"]])).sum())
        return {"time": (time.thread_time() - began) * 1e6, "figures": {"sum": total}}

    def row(self, job):
        if job["row"] not in self.rows:
            self.rows[job["row"]] = torch.from_file(job["row"], size=job["V"], dtype=torch.float32).view(1, -1)
        return self.rows[job["row"]]


def serve():
    server = Server()
    for line in sys.stdin:
        print(json.dumps(server.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    command = sys.argv[1]
    if command == "versions":
        print(json.dumps({name: importlib.metadata.version(name) for name in DISTRIBUTIONS}))
    elif command == "crosscheck":
        print(json.dumps(crosscheck(json.load(sys.stdin))))
    elif command == "serve":
        serve()
    else:
        sys.exit(f"command: expected versions, crosscheck or serve, got {command}")
