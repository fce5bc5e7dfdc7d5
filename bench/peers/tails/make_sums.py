"""Writes fixtures/vectors/tails-sums.json: exact tails of the laws that are sums of unlike parts.

Run from the repository root:  pip install -r bench/peers/tails/requirements.txt
                               python bench/peers/tails/make_sums.py

Hypergeometric tails are sums over the whole law, Poisson-binomial and weighted-bit tails convolutions, in mpmath and with
positive terms only; or (for long laws) a discrete Fourier transform over the whole support with so many
digits that cancellation is harmless. Exponential tails are sums of partial fractions, or an integral over a density.
No method is that of the detector, and no code is shared with it.
"""

import json
import random
from math import log1p, pi, sin
from pathlib import Path

import mpmath as mp

mp.mp.dps = 60
OUT = Path(__file__).resolve().parents[3] / "fixtures" / "vectors" / "tails-sums.json"


def log10(p):
    """log10 of an mpf in (0, 1], or of 1 - lower where p is near 1."""
    return float(mp.log(p) / mp.log(10))


def tail(upper, lower):
    """log10 of upper / (upper + lower), without loss on either side."""
    total = upper + lower
    if upper <= lower:
        return log10(upper / total)
    value = float(mp.log1p(-lower / total) / mp.log(10))
    return value if value != 0 else 0.0


def hypergeometric():
    rng = random.Random(1)
    rows = []
    lists = ((10, 4), (1000, 250), (50257, 12564), (32000, 16000), (262144, 65536), (5000, 4990))
    for size, green in lists:
        for n in (1, 3, 40, 900, 4000, 20000, size - 1):
            if not 1 <= n <= size:
                continue
            low, high = max(0, n + green - size), min(n, green)
            mean = n * green / size
            sd = max(1.0, (mean * (1 - green / size) * (size - n) / max(1, size - 1)) ** 0.5)
            ks = {round(mean + z * sd) for z in (-12, -2, -0.4, 0, 0.5, 1, 3, 8, 30, 120)}
            ks |= {low + 1, high, rng.randint(low, high)}
            # All terms are positive, so 60 digits stay 60 digits but for the last few.
            law = [mp.mpf(1)]
            for j in range(low, high):
                ratio = mp.mpf((green - j) * (n - j)) / ((j + 1) * (size - green - n + j + 1))
                law.append(law[-1] * ratio)
            for k in sorted(k for k in ks if low < k <= high):
                rows.append([size, green, n, k, tail(mp.fsum(law[k - low :]), mp.fsum(law[: k - low]))])
    return rows


def convolved(bits):
    """Law of a sum of bits (weight, p), as a list of mpf."""
    law = [mp.mpf(1)]
    for weight, p in bits:
        p = mp.mpf(p)
        longer = [(1 - p) * x for x in law] + [mp.mpf(0)] * weight
        for i, x in enumerate(law):
            longer[i + weight] += p * x
        law = longer
    return law


def tails_of(law, ks):
    rows = []
    for k in ks:
        rows.append((k, tail(mp.fsum(law[k:]), mp.fsum(law[:k]))))
    return rows


def poisson_binomial():
    """[smallest p, largest p, n, k]: trial i has p = low + (high - low) i / (n - 1) in doubles."""
    rows = []
    for low, high, n in ((0.2, 0.3, 1), (0.1, 0.9, 7), (1e-9, 0.5, 60), (0.24, 0.26, 400), (1e-4, 2e-3, 1500), (0.01, 0.99, 1200)):
        ps = [low + (high - low) * i / max(1, n - 1) for i in range(n)]
        law = convolved([(1, p) for p in ps])
        mean, sd = sum(ps), sum(p * (1 - p) for p in ps) ** 0.5
        ks = {round(mean + z * sd) for z in (-20, -5, -1, 0, 1, 2, 6, 15, 40, 150)} | {1, n // 2, n - 1, n}
        for k, value in tails_of(law, sorted(k for k in ks if 1 <= k <= n)):
            rows.append([low, high, n, k, value])
    return rows


def weighted_bits():
    """[weights, p, n, sum]: n coins of these weights each."""
    rows = []
    synthid = lambda m: [10 * (m - 1) - 9 * layer for layer in range(m)]
    short = (([5, 3, 1], 0.5, 4), ([5, 3, 1], 0.4, 30), (synthid(10), 0.5, 20), (synthid(30), 0.5, 2), ([7, 2], 0.01, 300), ([64, 32, 16, 8, 4, 2, 1], 0.25, 25))
    for weights, p, n in short:
        law = convolved([(weight, p) for weight in weights for _ in range(n)])
        rows += [[weights, p, n, k, value] for k, value in tails_of(law, sums(weights, p, n))]
    for weights, p, n in ((synthid(30), 0.5, 20), ([5, 3, 2, 1], 0.1, 3000), ([3, 2], 0.5, 20000)):
        # At the ends of the support no node is negligible, and the transform takes minutes.
        for k in sums(weights, p, n)[1:]:
            if k != n * sum(weights) - 2:
                rows.append([weights, p, n, k, transformed(weights, p, n, k)])
    return rows


def sums(weights, p, n):
    most, mean = n * sum(weights), n * p * sum(weights)
    sd = (n * p * (1 - p) * sum(w * w for w in weights)) ** 0.5
    ks = {round(mean + z * sd) for z in (-6, -1, 0, 1, 3, 7, 20, 60)} | {1, most - 2, most}
    return sorted(k for k in ks if 1 <= k <= most)


def log_modulus(tilted, angle):
    """ln of the modulus of one coin's tilted characteristic function, to see in doubles which nodes are below e^-100."""
    return sum(0.5 * log1p(-min(1.0, 4 * p * (1 - p) * sin(w * angle / 2) ** 2) * (1 - 1e-15)) for w, p in tilted)


def transformed(weights, p, n, k):
    """The law of the sum by an inverse DFT longer than its support, tilted so that k is near the mean."""
    most = n * sum(weights)
    if k == most:
        return log10(mp.mpf(p) ** (n * len(weights)))
    with mp.workdps(40):
        p = mp.mpf(p)
        mean = lambda s: n * sum(w * p / (p + (1 - p) * mp.exp(-s * w)) for w in weights)
        low, high = mp.mpf(-60), mp.mpf(60)
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if mean(middle) < k else (low, middle)
        upper_side = k > mean(mp.mpf(0))
        s = max(low, mp.mpf("1e-6")) if upper_side else min(low, mp.mpf("-1e-6"))
        # P(S in J) = (1/size) sum over nodes of G(z) sum_{j in J} z^-j, on the circle of radius e^s: no aliasing, as size
        # exceeds the support. J is k .. most or 0 .. k - 1, whichever converges on this circle.
        size, total = most + 1, mp.mpf(0)
        radius = mp.exp(s)
        tilted = [(w, float(p / (p + (1 - p) * mp.exp(-s * w)))) for w in weights]
        for node in range(size // 2 + 1):
            if log_modulus(tilted, 2 * pi * node / size) * n < -100:
                continue
            point = radius * mp.expjpi(mp.mpf(2 * node) / size)
            value = mp.mpc(1)
            for w in weights:
                value *= (1 - p) + p * point**w
            first = k if upper_side else k - 1
            value = value**n / point**first
            step = 1 / point if upper_side else point
            ratio = (1 - step ** (most - k + 1 if upper_side else k)) / (1 - step)
            total += (1 if node == 0 or 2 * node == size else 2) * mp.re(value * ratio)
        part = total / size
        return tail(part, 1 - part) if upper_side else tail(1 - part, part)


def exponentials():
    """[means, n, x]: n coins, each a sum of exponentials of these means."""
    rows = []
    for means, n in (([0.9, 0.1], 1), ([0.9, 0.1], 30), ([0.7, 0.3], 5), ([1.0, 0.5, 0.25], 8), ([0.55, 0.45], 12)):
        total, sd = n * sum(means), (n * sum(m * m for m in means)) ** 0.5
        xs = {total + z * sd for z in (-2.5, -1, 0, 1, 3, 8, 25, 300)} | {total * 0.3, 11600 * max(means)}
        rows += [[means, n, x, partial_fractions(means, n, x)] for x in sorted(xs) if x > 0]
    return rows


def partial_fractions(means, n, x):
    """P(sum >= x) from the Laplace transform's partial fractions, with 500 digits against cancellation."""
    with mp.workdps(500):
        x = mp.mpf(x)
        rates = [1 / mp.mpf(m) for m in means]
        upper = mp.mpf(0)
        for i, rate in enumerate(rates):
            # Coefficients of prod_{j != i} (rate_j / (rate_j - rate + u))^n in powers of u, up to u^(n-1).
            series = [mp.mpf(1)] + [mp.mpf(0)] * (n - 1)
            for j, other in enumerate(rates):
                if j == i:
                    continue
                gap = other - rate
                factor = [(other / gap) ** n * mp.binomial(n + k - 1, k) * (-1 / gap) ** k for k in range(n)]
                series = [mp.fsum(series[a] * factor[k - a] for a in range(k + 1)) for k in range(n)]
            # rate^n / (rate + s)^(n-k) with u = rate + s: Gamma(n - k, rate) times rate^k
            for k in range(n):
                order = n - k
                q = mp.exp(-rate * x) * mp.fsum((rate * x) ** a / mp.factorial(a) for a in range(order))
                upper += series[k] * rate**k * q
        return tail(upper, 1 - upper)


def main():
    data = {
        "source": f"mpmath {mp.__version__}, rounded to the nearest double",
        "command": "python bench/peers/tails/make_sums.py",
        "columns": {
            "hypergeometric": ["size", "green", "n", "k", "log10 P(X >= k)"],
            "poissonBinomial": ["smallest p", "largest p", "n", "k", "log10 P(X >= k), p equally spaced"],
            "weightedBits": ["weights", "p", "n", "sum", "log10 P(S >= sum), n coins of all weights"],
            "exponentials": ["means", "n", "x", "log10 P(S >= x), n coins of all means"],
        },
        "hypergeometric": hypergeometric(),
        "poissonBinomial": poisson_binomial(),
        "weightedBits": weighted_bits(),
        "exponentials": exponentials(),
    }
    parts = []
    for key, value in data.items():
        rows = isinstance(value, list)
        body = ",\n".join(f"    {json.dumps(row)}" for row in value) if rows else json.dumps(value)
        parts.append(f'  "{key}": [\n{body}\n  ]' if rows else f'  "{key}": {body}')
    OUT.write_text("{\n" + ",\n".join(parts) + "\n}\n")


if __name__ == "__main__":
    main()
