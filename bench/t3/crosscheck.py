"""Sander et al.'s (2024) test of radioactivity, restated: which positions count, and how likely so many green ones are.

stdin: a list of {h, texts: [{kind, prompt, shown, answered, green}]}; stdout: a list of {n, green, log10P}. Knows no key.
"""

import json
import sys

from mpmath import betainc, log10, mp

GAMMA = 0.25
SPECIAL = range(17)

mp.dps = 30


def judge(job):
    h, tape, n, green = job["h"], set(), 0, 0
    for text in job["texts"]:
        shown = text["shown"]
        in_sight = {w for i, w in enumerate_windows(text["prompt"], h) if i < len(text["prompt"])}
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
    p = betainc(green, n - green + 1, 0, GAMMA, regularized=True) if green > 0 else 1
    return {"n": n, "green": int(green), "log10P": float(log10(p))}


def enumerate_windows(tokens, h):
    """Windows with the position that follows them."""
    return [(i, tuple(tokens[i - h : i])) for i in range(h, len(tokens) + 1)]


json.dump([judge(job) for job in json.load(sys.stdin)], sys.stdout)
