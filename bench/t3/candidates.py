"""Hands over next-token candidates for a process that chooses the tokens: the teacher's side of more.mjs.

stdin: one line of JSON, {"prompts": [[id, ...], ...], "steps": n}, then n - 1 times one u32 a row.
stdout: n times, for every row, 100 ids (u32) and 100 logits (f32), most likely first. Then the next batch.
"""

import json
import sys

import numpy
import torch

from decode import Batch
from student import base_model

CANDIDATES = 100

model = base_model().to(torch.bfloat16).eval()
source, sink = sys.stdin.buffer, sys.stdout.buffer
while line := source.readline():
    request = json.loads(line)
    batch = Batch(model, request["prompts"])
    rows = len(request["prompts"])
    for step in range(request["steps"]):
        top = torch.topk(batch.logits(), CANDIDATES, dim=1)
        sink.write(top.indices.to(torch.int32).numpy().tobytes())
        sink.write(top.values.contiguous().numpy().tobytes())
        sink.flush()
        if step + 1 < request["steps"]:
            tokens = numpy.frombuffer(source.read(4 * rows), dtype="<u4")
            batch.push(torch.from_numpy(tokens.astype("int64")))
