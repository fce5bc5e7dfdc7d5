"""Fully fine-tunes SmolLM2-135M on one arm of the T3 study.

    python bench/t3/train.py ARM

Reads .cache/t3/train/ARM.jsonl (bench/t3/corpus.mjs), writes .cache/t3/students/ARM.safetensors and ARM.json. f32 master
weights and AdamW in f32; the passes forward and backward in bfloat16. Loss on answer tokens only. One thread. Starts
again from its last checkpoint after an interruption.
"""

import argparse
import json
import math
import os
import random
import time

import torch

from student import WORK, base_model, read_lines, save_weights

with open(os.path.join(os.path.dirname(__file__), "protocol.json"), encoding="utf8") as file:
    TRAINING = json.load(file)["training"]

CHECKPOINT_EVERY = 60
HEAD_ROWS = 512


class AnswerLoss(torch.autograd.Function):
    """Mean cross-entropy of the tied output layer, a few rows at a time; the gradient is made with the loss."""

    @staticmethod
    def forward(ctx, hidden, weight, target):
        n = hidden.shape[0]
        loss = 0.0
        d_hidden = torch.empty_like(hidden)
        d_weight = torch.zeros_like(weight, dtype=torch.float32)
        for start in range(0, n, HEAD_ROWS):
            rows = hidden[start : start + HEAD_ROWS]
            wanted = target[start : start + HEAD_ROWS, None]
            logits = (rows @ weight.t()).float()
            total = logits.logsumexp(1, keepdim=True)
            loss += (total - logits.gather(1, wanted)).sum()
            gradient = logits.sub_(total).exp_()
            gradient.scatter_add_(1, wanted, torch.full_like(total, -1.0))
            gradient = gradient.div_(n).to(hidden.dtype)
            d_hidden[start : start + HEAD_ROWS] = gradient @ weight
            d_weight += gradient.t() @ rows
        ctx.save_for_backward(d_hidden, d_weight.to(weight.dtype))
        return loss / n

    @staticmethod
    def backward(ctx, upstream):
        d_hidden, d_weight = ctx.saved_tensors
        return d_hidden * upstream, d_weight * upstream, None


def batches(examples, size, seed):
    """Batches of examples of like length, in random order: next to no padding."""
    shuffle = random.Random(seed)
    order = list(range(len(examples)))
    shuffle.shuffle(order)
    out = []
    pool = size * 32
    for start in range(0, len(order), pool):
        part = sorted(order[start : start + pool], key=lambda i: len(examples[i]["prompt"]) + len(examples[i]["answer"]))
        out += [part[i : i + size] for i in range(0, len(part), size)]
    shuffle.shuffle(out)
    return out


def padded(examples):
    """Token ids with padding at the end, and which positions predict an answer token. (B, T)"""
    longest = max(len(e["prompt"]) + len(e["answer"]) for e in examples)
    ids = torch.zeros(len(examples), longest, dtype=torch.long)
    answer = torch.zeros(len(examples), longest, dtype=torch.bool)
    for row, example in enumerate(examples):
        whole = example["prompt"] + example["answer"]
        ids[row, : len(whole)] = torch.tensor(whole)
        answer[row, len(example["prompt"]) - 1 : len(whole) - 1] = True
    return ids, answer


def rate(step, steps):
    """Linear warm-up, then half a cosine down to a tenth."""
    warm_up = min(1.0, (step + 1) / TRAINING["warmUpSteps"])
    return TRAINING["learningRate"] * warm_up * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("arm")
    arguments = parser.parse_args()
    arm = arguments.arm
    out = WORK / "students"
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(TRAINING["seed"])
    examples = read_lines(WORK / "train" / f"{arm}.jsonl")
    plan = [
        batch
        for epoch in range(TRAINING["epochs"])
        for batch in batches(examples, TRAINING["batch"], TRAINING["seed"] * 1000 + epoch)
    ]
    model = base_model()
    master = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    model = model.to(torch.bfloat16).train()
    parameters = dict(model.named_parameters())
    optimiser = torch.optim.AdamW(
        master.values(), lr=0.0, betas=(0.9, 0.95), weight_decay=TRAINING["weightDecay"], fused=True
    )
    checkpoint = out / f"{arm}.checkpoint.pt"
    log = out / f"{arm}.loss.jsonl"
    first = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, mmap=True, weights_only=True)
        first = saved["step"]
        with torch.no_grad():
            for name, tensor in saved["master"].items():
                master[name].copy_(tensor)
                parameters[name].copy_(tensor)
        optimiser.load_state_dict(saved["optimiser"])
        kept = read_lines(log)[:first]
        log.write_text("".join(f"{json.dumps(line)}\n" for line in kept), encoding="utf8")
    else:
        log.write_text("", encoding="utf8")

    for step in range(first, len(plan)):
        started, cpu = time.time(), time.process_time()
        ids, answer = padded([examples[i] for i in plan[step]])
        hidden = model.model(input_ids=ids).last_hidden_state
        target = ids.roll(-1, 1)[answer]
        loss = AnswerLoss.apply(hidden[answer], model.lm_head.weight, target)
        loss.backward()
        for group in optimiser.param_groups:
            group["lr"] = rate(step, len(plan))
        with torch.no_grad():
            for name, parameter in parameters.items():
                master[name].grad = parameter.grad.float()
                parameter.grad = None
            torch.nn.utils.clip_grad_norm_(master.values(), TRAINING["clip"])
            optimiser.step()
            for name, parameter in parameters.items():
                parameter.copy_(master[name])
        line = {
            "step": step,
            "loss": round(loss.item(), 5),
            "tokens": int(answer.sum()),
            "padded": ids.numel(),
            "seconds": round(time.time() - started, 2),
            "cpuSeconds": round(time.process_time() - cpu, 2),
        }
        with open(log, "a", encoding="utf8") as file:
            file.write(f"{json.dumps(line)}\n")
        if step % 10 == 0:
            print(f"{arm}: step {step} of {len(plan)}, {line}", flush=True)
        if (step + 1) % CHECKPOINT_EVERY == 0 and step + 1 < len(plan):
            torch.save({"step": step + 1, "master": master, "optimiser": optimiser.state_dict()}, f"{checkpoint}.partial")
            os.replace(f"{checkpoint}.partial", checkpoint)

    lines = read_lines(log)
    digest = save_weights(master.items(), out / f"{arm}.safetensors")
    record = {
        "arm": arm,
        "training": TRAINING,
        "steps": len(plan),
        "answerTokens": sum(line["tokens"] for line in lines),
        "paddedTokens": sum(line["padded"] for line in lines),
        "cpuSeconds": round(sum(line["cpuSeconds"] for line in lines)),
        "seconds": round(sum(line["seconds"] for line in lines)),
        "lossFirst20": sum(line["loss"] for line in lines[:20]) / 20,
        "lossLast20": sum(line["loss"] for line in lines[-20:]) / 20,
        "weightsSha256": digest,
        "torch": torch.__version__,
    }
    (out / f"{arm}.json").write_text(f"{json.dumps(record, indent=2)}\n", encoding="utf8")
    checkpoint.unlink(missing_ok=True)
    print(json.dumps(record), flush=True)


main()
