import { type Coin, logProbability, logUpperTail, tailOf } from "./binomial.js";
import { requireBetween, requireInteger } from "./checks.js";

/** A two-sided confidence interval for a probability. */
export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

/**
 * Exact interval for the rate behind k successes among n (Clopper and Pearson 1934): it covers the
 * true rate with probability at least `confidence`, in (0, 1). `k` in [0, n]; n = 0 gives [0, 1].
 */
export function clopperPearson(k: number, n: number, confidence: number): Interval {
  requireInteger("n", n, { min: 0 });
  requireInteger("k", k, { min: 0, max: n });
  requireBetween("confidence", confidence);
  const logTail = Math.log((1 - confidence) / 2);
  return {
    lower: k === 0 ? 0 : coinWithTail(k, n, logTail).p,
    upper: k === n ? 1 : coinWithTail(n - k, n, logTail).q,
  };
}

/**
 * The coin for which ln P(X ≥ k) = logTail, by Newton's method in s = ln p.
 * The tail is log-concave in s, so that from the second point on the steps go up to the root.
 */
function coinWithTail(k: number, n: number, logTail: number): Coin {
  let s = Math.log(k / (n + 1));
  for (let first = true; ; first = false) {
    const coin = { p: Math.exp(s), q: -Math.expm1(s) };
    const tail = tailOf(k, n, coin);
    const logP = logUpperTail(tail);
    const slope = k * Math.exp(logProbability(tail) - logP); // d ln P / ds
    const step = (logTail - logP) / slope;
    if (!first && !(step > -1e-15 * s)) return coin;
    s += step;
  }
}
