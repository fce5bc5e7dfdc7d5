"""Writes fixtures/vectors/tails.json: exact tails for the detector's statistics.

Run from the repository root:  pip install -r bench/peers/tails/requirements.txt
                               python bench/peers/tails/make_tails.py

Every probability is the exact law of the exact double in the file: sums run in integer arithmetic
with 512 fraction bits, logarithms in mpmath with 60 digits and more. Small cases are checked
against mpmath's own incomplete beta and gamma functions, which share no code with the sums.
"""

import json
import random
from fractions import Fraction
from math import sqrt
from pathlib import Path

import mpmath as mp

mp.mp.dps = 75
BITS = 512
OUT = Path(__file__).resolve().parents[3] / "fixtures" / "vectors" / "tails.json"


def fixed(x):
    return mp.mpf(x) / mp.mpf(2) ** BITS


def log_pmf(n, k, p):
    p = mp.mpf(p.numerator) / p.denominator
    comb = mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1)
    return comb + k * mp.log(p) + (n - k) * mp.log1p(-p)


def upper_sum(n, k, p):
    """Sum over j >= k of pmf(j) / pmf(k); converges fast for k above the mean."""
    a, b = p.numerator, p.denominator - p.numerator
    term = total = 1 << BITS
    for j in range(k, n):
        term = term * (n - j) * a // ((j + 1) * b)
        if term == 0:
            break
        total += term
    return fixed(total)


def log_binomial_tail(n, k, p):
    """ln P(X >= k), k >= 1, p a Fraction."""
    if k >= n * p:
        return log_pmf(n, k, p) + mp.log(upper_sum(n, k, p))
    lower = log_pmf(n, k - 1, p) + mp.log(upper_sum(n, n - k + 1, 1 - p))
    return mp.log1p(-mp.exp(lower))


def log_gamma_tail(a, x):
    """ln P(Gamma(a) >= x) for an integer a."""
    x = Fraction(x)
    xm = mp.mpf(x.numerator) / x.denominator
    if x >= a:  # e^-x sum_{j<a} x^j/j!, from j = a-1 down
        term = total = 1 << BITS
        for j in range(a - 1, 0, -1):
            term = term * j * x.denominator // x.numerator
            if term == 0:
                break
            total += term
        return (a - 1) * mp.log(xm) - xm - mp.loggamma(a) + mp.log(fixed(total))
    term = total = 1 << BITS
    j = a
    while term:
        j += 1
        term = term * x.numerator // (j * x.denominator)
        total += term
    lower = a * mp.log(xm) - xm - mp.loggamma(a + 1) + mp.log(fixed(total))
    return mp.log1p(-mp.exp(lower))


def log10(ln):
    value = float(ln / mp.log(10))
    return value if value != 0 else 0.0


def binomial_cases():
    rng = random.Random(20240229)
    cases = set()
    deviations = (-30, -8, -3, -1, -0.3, 0, 0.3, 1, 3, 6, 12, 25, 37, 60, 150)
    for p in (0.5, 0.25, 0.1, 65 / 256, 1e-3):
        for n in (1, 7, 30, 200, 1000, 10_000, 100_000, 1_000_000):
            mean, sd = n * p, sqrt(n * p * (1 - p))
            ks = {round(mean + z * sd) for z in deviations} | {1, n}
            ks |= {rng.randint(1, n) for _ in range(3)}
            cases |= {(n, k, p) for k in ks if 1 <= k <= n}
    for p in (0.9, 0.999, 1e-9, 1 - 2**-40, 1 / 3):
        for n in (5, 400, 30_000):
            mean, sd = n * p, sqrt(n * p * (1 - p))
            ks = {round(mean + z * sd) for z in (-20, -2, 0, 2, 20)} | {1, 2, n - 1, n}
            cases |= {(n, k, p) for k in ks if 1 <= k <= n}
    for p in (0.1, 0.25):
        n = 1_000_000_000
        for z in (-37, -1, 0, 1, 8, 37, 150):
            cases.add((n, round(n * p + z * sqrt(n * p * (1 - p))), p))
    return sorted(cases)


def binomial():
    rows = []
    for n, k, p in binomial_cases():
        ln = log_binomial_tail(n, k, Fraction(p))
        if n <= 200:
            check = mp.betainc(k, n - k + 1, 0, mp.mpf(p), regularized=True)
            assert mp.almosteq(mp.exp(ln), check, 1e-50), (n, k, p)
        rows.append([n, k, p, log10(ln)])
    return rows


def gamma():
    rows = []
    for a in (1, 2, 5, 50, 700, 10_000, 1_000_000, 10_000_000):
        deviations = (-20, -3, -1, -1 / 64, 0, 1 / 64, 1, 3, 8, 20, 37, 100)
        xs = {a + z * sqrt(a) for z in deviations} | {a * 22.18, a * 1.5, a * 0.25, a + 1e-9}
        for x in sorted(x for x in xs if x > 0):
            ln = log_gamma_tail(a, x)
            if a <= 50 and x < 200:
                check = mp.gammainc(a, mp.mpf(x), mp.inf, regularized=True)
                assert mp.almosteq(mp.exp(ln), check, 1e-50), (a, x)
            rows.append([a, x, log10(ln)])
    for a in (0.5, 1.25, 2.5, 17.75, 163.2, 1000.5):
        for ratio in (0.2, 0.9, 1, 1.1, 2, 7):
            x = mp.mpf(a * ratio)
            if ratio < 1:
                ln = mp.log1p(-mp.gammainc(a, 0, x, regularized=True))
            else:
                ln = mp.log(mp.gammainc(a, x, mp.inf, regularized=True))
            rows.append([a, a * ratio, log10(ln)])
    return rows


def normal():
    zs = (-30, -9, -5.5, -2, -1, -0.1, -1e-8, 0, 1e-8, 0.1, 0.5, 1, 1.2, 1.5, 1.96, 2.5, 3, 4, 5)
    zs += (6, 8, 10, 15, 20, 30, 37, 38.5, 50, 100, 151.7, 1000, 1e5)
    rows = []
    for z in zs:
        q = mp.erfc(abs(mp.mpf(z)) / mp.sqrt(2)) / 2
        rows.append([z, log10(mp.log(q) if z >= 0 else mp.log1p(-q))])
    return rows


def normal_quantile():
    rows = []
    for p in (1e-300, 1e-100, 1e-20, 1e-9, 1e-5, 0.001, 0.01, 0.025, 0.05, 0.1, 0.3, 0.49, 0.5):
        for q in {p, 1 - p} if p > 1e-10 else {p}:
            start = mp.sqrt(-2 * mp.log(p)) if p < 1e-3 else mp.mpf(1)
            low = min(mp.mpf(q), 1 - mp.mpf(q))
            f = lambda z: mp.log(mp.erfc(z / mp.sqrt(2)) / 2) - mp.log(low)
            z = mp.findroot(f, start) if low != 0.5 else mp.mpf(0)
            rows.append([q, float(z if q <= 0.5 else -z)])
    return rows


def coin_with_tail(n, k, tail):
    """The p with P(X >= k) = tail, as an mpf, by bisection on a grid of 2^-190."""
    low, high, one = 0, 1 << 190, 1 << 190
    while high - low > max(min(low, one - high) >> 70, 1):
        middle = (low + high) // 2
        if log_binomial_tail(n, k, Fraction(middle, one)) > mp.log(tail):
            high = middle
        else:
            low = middle
    return mp.mpf(low) / one, mp.mpf(one - low) / one


def clopper_pearson():
    rows = []
    cases = [(0, 1), (1, 1), (0, 50), (50, 50), (1, 10), (7, 20), (80, 81), (3, 1000), (250, 1000)]
    cases += [(999, 1000), (5000, 20_000), (1, 100_000), (99_998, 100_000)]
    for k, n in cases:
        for confidence in (0.95, 0.999):
            tail = (1 - mp.mpf(confidence)) / 2
            lower = float(coin_with_tail(n, k, tail)[0]) if k > 0 else 0.0
            upper = float(coin_with_tail(n, n - k, tail)[1]) if k < n else 1.0
            rows.append([k, n, confidence, lower, upper])
    return rows


def kolmogorov():
    """Exact two-sided tail P(D_n >= d) by Durbin's matrix (Marsaglia, Tsang and Wang 2003)."""
    rows = []
    with mp.workdps(40):
        for n in (5, 20, 100, 400):
            for c in (0.5, 0.8, 1.0, 1.36, 1.63, 2.0):
                d = c / sqrt(n)
                k = int(n * d) + 1
                m, h = 2 * k - 1, k - n * mp.mpf(d)
                H = mp.matrix(m, m)
                for i in range(m):
                    for j in range(m):
                        H[i, j] = 1 if i - j + 1 >= 0 else 0
                for i in range(m):
                    H[i, 0] -= h ** (i + 1)
                    H[m - 1, i] -= h ** (m - i)
                H[m - 1, 0] += (2 * h - 1) ** m if 2 * h > 1 else 0
                for i in range(m):
                    for j in range(m):
                        if i - j + 1 > 0:
                            H[i, j] /= mp.factorial(i - j + 1)
                cdf = (H**n)[k - 1, k - 1] * mp.factorial(n) / mp.mpf(n) ** n
                rows.append([n, d, float(1 - cdf)])
    return rows


def main():
    data = {
        "source": f"exact sums and mpmath {mp.__version__}, 75 digits, rounded to the nearest double",
        "command": "python bench/peers/tails/make_tails.py",
        "columns": {
            "binomial": ["n", "k", "p", "log10 P(X >= k)"],
            "gamma": ["n", "x", "log10 P(Gamma(n,1) >= x)"],
            "normal": ["z", "log10 P(Z >= z)"],
            "normalQuantile": ["p", "z with P(Z >= z) = p"],
            "clopperPearson": ["k", "n", "confidence", "lower", "upper"],
            "kolmogorov": ["n", "d", "P(D_n >= d)"],
        },
        "binomial": binomial(),
        "gamma": gamma(),
        "normal": normal(),
        "normalQuantile": normal_quantile(),
        "clopperPearson": clopper_pearson(),
        "kolmogorov": kolmogorov(),
    }
    # One case per line: a diff then shows which case changed.
    parts = []
    for key, value in data.items():
        rows = isinstance(value, list)
        body = ",\n".join(f"    {json.dumps(row)}" for row in value) if rows else json.dumps(value)
        parts.append(f'  "{key}": [\n{body}\n  ]' if rows else f'  "{key}": {body}')
    OUT.write_text("{\n" + ",\n".join(parts) + "\n}\n")


if __name__ == "__main__":
    main()
