"""Sander et al.'s (2024) test of radioactivity, restated: which positions count, and how likely so many green ones are.

stdin: a list of {h, texts: [{kind, prompt, shown, answered, green}]}; stdout: a list of {n, green, log10P}. Knows no key.
"""

import json
import math
import sys

from scipy.stats import binom

GAMMA = 0.25
SPECIAL = range(17)


def judge(job, followed=False):
    """`followed`: a window of the prompt counts as shown only if an ordinary token follows it, as in our tally."""
    h, tape, n, green = job["h"], set(), 0, 0
    for text in job["texts"]:
        shown = text["shown"]
        prompt = text["prompt"]
        ends = range(h, len(prompt) + 1)
        in_sight = {
            tuple(prompt[i - h : i])
            for i in ends
            if not followed or (i < len(prompt) and prompt[i] not in SPECIAL)
        }
        for i in range(h, len(shown)):
            window = tuple(shown[i - h : i])
            token = text["answered"][i]
            seen = window in in_sight
            if text["kind"] == "read":
                in_sight.add(window)
            if seen or any(t in SPECIAL for t in window) or (text["kind"] == "free" and token in SPECIAL):
                continue
            if (window, token) in tape:
                continue
            tape.add((window, token))
            n += 1
            green += text["green"][i]
    return {"n": n, "green": int(green), "log10P": float(binom.logsf(green - 1, n, GAMMA)) / math.log(10)}


json.dump([{**judge(job), "followed": judge(job, True)} for job in json.load(sys.stdin)], sys.stdout)
