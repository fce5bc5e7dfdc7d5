"""The neural student's model in PyTorch, eager and idiomatic, for a comparison of speed on one core.

Reads one JSON object a line: {"shape": {...}, "batch": B, "parameters": FILE, "tokens": FILE} builds the model from raw
float32 parameters and int32 tokens (K, B, T + 1); {"steps": N} trains N steps and answers their losses and seconds.
"""

import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)
torch.set_num_interop_threads(1)


class Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        # One product for query, key and value, as PyTorch models have it.
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.mix = nn.Linear(width, width, bias=False)
        self.expand = nn.Linear(width, 4 * width, bias=False)
        self.contract = nn.Linear(4 * width, width, bias=False)

    def forward(self, x):
        batch, length, width = x.shape
        normed = F.rms_norm(x, (width,), eps=1e-5)
        q, k, v = self.qkv(normed).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.mix(seen.transpose(1, 2).reshape(batch, length, width))
        hidden = F.relu(self.expand(F.rms_norm(x, (width,), eps=1e-5)))
        return x + self.contract(hidden)


class Model(nn.Module):
    def __init__(self, shape):
        super().__init__()
        width = shape["width"]
        self.table = nn.Parameter(torch.empty(shape["vocabularySize"], width))
        self.positions = nn.Parameter(torch.empty(shape["contextLength"], width))
        self.layers = nn.ModuleList(Layer(width, shape["heads"]) for _ in range(shape["layers"]))

    def load(self, flat):
        """Takes the flat vector: embeddings, positions, then per layer q, k, v, mix, expand, contract as (in, out)."""
        at = 0

        def take(rows, columns):
            nonlocal at
            at += rows * columns
            return flat[at - rows * columns : at].view(rows, columns)

        width = self.table.shape[1]
        with torch.no_grad():
            self.table.copy_(take(*self.table.shape))
            self.positions.copy_(take(*self.positions.shape))
            for layer in self.layers:
                layer.qkv.weight.copy_(torch.cat([take(width, width).T for _ in range(3)]))
                layer.mix.weight.copy_(take(width, width).T)
                layer.expand.weight.copy_(take(width, 4 * width).T)
                layer.contract.weight.copy_(take(4 * width, width).T)
        assert at == flat.numel()

    def forward(self, tokens):
        x = F.embedding(tokens, self.table) + self.positions
        for layer in self.layers:
            x = layer(x)
        return F.linear(F.rms_norm(x, (x.shape[-1],), eps=1e-5), self.table)


def read(path, dtype):
    with open(path, "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=dtype)


def main():
    model = optimizer = tokens = None
    at = 0
    for line in sys.stdin:
        request = json.loads(line)
        if "shape" in request:
            shape = request["shape"]
            model = Model(shape)
            model.load(read(request["parameters"], torch.float32))
            tokens = read(request["tokens"], torch.int32).long()
            tokens = tokens.view(-1, request["batch"], shape["contextLength"] + 1)
            optimizer = torch.optim.Adam(
                model.parameters(), lr=request["learningRate"], betas=(0.9, 0.95), eps=1e-8, fused=True
            )
            at = 0
            answer = {"torch": torch.__version__, "cpu": torch.backends.cpu.get_cpu_capability()}
        else:
            losses, cpu, wall = [], [], []
            for _ in range(request["steps"]):
                start, clock = time.process_time(), time.perf_counter()
                batch = tokens[at % len(tokens)]
                at += 1
                logits = model(batch[:, :-1])
                loss = F.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
                cpu.append(time.process_time() - start)
                wall.append(time.perf_counter() - clock)
            answer = {"losses": losses, "cpu": cpu, "wall": wall}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    sys.exit(main())
