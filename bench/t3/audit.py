"""Asks a student of the T3 study its questions (bench/t3/questions.mjs) and records the answers.

    python bench/t3/audit.py ARM SET...        SET: human unmarked served-h1 served-h2 served-h4 held-out free

Knows no key and no mark. Writes to .cache/t3/audit/ARM/SET/: per position of the texts the most likely token, one drawn
token and the loss; at the chosen rows the 16 most likely tokens and the whole distribution; for `free` the answers.
"""

import json
import os
import sys
import zlib

import numpy
import torch

from decode import Batch
from student import WORK, read_lines, trained_model

with open(os.path.join(os.path.dirname(__file__), "protocol.json"), encoding="utf8") as file:
    AUDIT = json.load(file)["audit"]

TOP = 16
TEXTS_AT_ONCE = 4
END_TOKENS = (0, 2)


def generator(*names):
    """The same randomness for every arm: what differs between two answers is the student."""
    return torch.Generator().manual_seed(zlib.crc32("/".join([str(AUDIT["seed"]), *names]).encode()))


@torch.inference_mode()
def read(model, question, out):
    """Teacher forcing. Position p of a text is predicted from the tokens before it."""
    uniforms = generator("draw", question["set"])
    wanted = {}
    for index, (text, position) in enumerate(question["rows"]):
        wanted.setdefault(text, []).append((position, index))
    count = len(question["rows"])
    top_ids, top_p = numpy.zeros((count, TOP), "<u2"), numpy.zeros((count, TOP), "<f4")
    rows = None
    if count:
        vocabulary = model.config.vocab_size
        rows = numpy.memmap(out / "rows.f16", "<f2", "w+", shape=(count, vocabulary))
    best, drawn, losses = [], [], []
    texts = question["texts"]
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        part = texts[start : start + TEXTS_AT_ONCE]
        longest = max(len(text["tokens"]) for text in part)
        ids = torch.zeros(len(part), longest, dtype=torch.long)
        for row, text in enumerate(part):
            ids[row, : len(text["tokens"])] = torch.tensor(text["tokens"])
        hidden = model.model(input_ids=ids).last_hidden_state
        for row, text in enumerate(part):
            first, length = text["from"], len(text["tokens"])
            p = model.lm_head(hidden[row, first - 1 : length - 1]).float().softmax(1)
            best.append(p.argmax(1).numpy())
            u = torch.rand(len(p), 1, generator=uniforms, dtype=torch.float64)
            total = p.double().cumsum(1)
            drawn.append(torch.searchsorted(total, u * total[:, -1:])[:, 0].numpy())
            losses.append(-p.gather(1, ids[row, first:length, None])[:, 0].log().numpy())
            for position, index in wanted.get(start + row, []):
                chosen = p[position - first]
                most = chosen.topk(TOP)
                top_ids[index], top_p[index] = most.indices.numpy(), most.values.numpy()
                rows[index] = chosen.numpy()
    numpy.concatenate(best).astype("<u2").tofile(out / "best.u16")
    numpy.concatenate(drawn).astype("<u2").tofile(out / "drawn.u16")
    numpy.concatenate(losses).astype("<f4").tofile(out / "loss.f32")
    if rows is not None:
        rows.flush()
        top_ids.tofile(out / "top-ids.u16")
        top_p.tofile(out / "top-p.f32")


@torch.inference_mode()
def answer(model, question, out):
    """Free answers, all prompts as one batch, at the teacher's sampling."""
    free = AUDIT["freeRun"]
    uniforms = generator("free")
    batch = Batch(model, question["prompts"])
    rows = len(question["prompts"])
    answers, is_open = [[] for _ in range(rows)], [True] * rows
    for step in range(free["maxTokens"]):
        most = torch.topk(batch.logits() / free["temperature"], free["topK"], dim=1)
        total = most.values.double().softmax(1).cumsum(1)
        u = torch.rand(rows, 1, generator=uniforms, dtype=torch.float64)
        choice = torch.searchsorted(total, u * total[:, -1:])
        tokens = most.indices.gather(1, choice)[:, 0]
        for row, token in enumerate(tokens.tolist()):
            is_open[row] = is_open[row] and token not in END_TOKENS
            if is_open[row]:
                answers[row].append(token)
        if not any(is_open) or step + 1 == free["maxTokens"]:
            break
        batch.push(tokens)
    with open(out / "answers.json", "w", encoding="utf8") as file:
        json.dump(answers, file)


def main():
    arm, *sets = sys.argv[1:]
    questions = {question["set"]: question for question in read_lines(WORK / "audit" / "questions.jsonl")}
    model = trained_model(arm)
    for name in sets:
        out = WORK / "audit" / arm / name
        if (out / "done").exists():
            continue
        out.mkdir(parents=True, exist_ok=True)
        (answer if name == "free" else read)(model, questions[name], out)
        (out / "done").touch()
        print(f"{arm} {name}", flush=True)


main()
