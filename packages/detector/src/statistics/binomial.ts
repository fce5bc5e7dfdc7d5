import { requireBetween, requireInteger } from "./checks.js";
import {
  continuedFraction,
  deviance,
  HALF_LOG_TWO_PI,
  stirlingError,
  subtractProduct,
} from "./saddlepoint.js";

/** Below it 1/p overflows. */
export const SMALLEST_P = 1e-300;

/** Both sides of a coin: near 0 and 1 neither can be had from the other without loss. */
export interface Coin {
  readonly p: number;
  readonly q: number; // 1 − p
}

/** The event X ≥ k for X ~ Binomial(n, p). Needs 1 ≤ k ≤ n. */
export interface Tail extends Coin {
  readonly k: number;
  readonly n: number;
  readonly excess: number; // k − np, free of the rounding of np
}

/**
 * log10 P(X ≥ k) for X ~ Binomial(n, p): the evidence of k green tokens among n coins.
 *
 * Exact to about 1e-13 relative, never floored: −5000 is as good as −5. At worst, near the mean, some 4∛n steps.
 * `k` in [0, n], `n` ≥ 0, `p` in (1e-300, 1). k = 0 gives 0.
 */
export function binomialLog10P(k: number, n: number, p: number): number {
  requireInteger("n", n, { min: 0 });
  requireInteger("k", k, { min: 0, max: n });
  requireBetween("p", p, { above: SMALLEST_P });
  if (k === 0) return 0;
  // Adding 0 turns the −0 of a certain event into 0.
  return logUpperTail(tailOf(k, n, { p, q: 1 - p })) * Math.LOG10E + 0;
}

/** The event X ≥ k, with its excess taken from the smaller and so better known of p and q. */
export function tailOf(k: number, n: number, { p, q }: Coin): Tail {
  const excess = p <= q ? subtractProduct(k, n, p) : -subtractProduct(n - k, n, q);
  return { k, n, p, q, excess };
}

/** ln P(X ≥ k). */
export function logUpperTail(tail: Tail): number {
  const aboveMean = tail.excess >= tail.p; // k ≥ (n+1)p, the mean of the matching beta law
  return aboveMean ? logFarTail(tail) : Math.log1p(-Math.exp(logFarTail(mirror(tail))));
}

/** X ≤ k − 1 as an upper tail: at least n − k + 1 coins fell on the other side. */
function mirror({ k, n, p, q, excess }: Tail): Tail {
  return { k: n - k + 1, n, p: q, q: p, excess: 1 - excess };
}

/**
 * ln P(X ≥ k) for k ≥ (n+1)p, as P(X = k) · kq / K.
 * K is the continued fraction of the incomplete beta function I_p(k, n−k+1) of Didonato and Morris
 * (1992); its terms are positive on this side of the mean.
 */
function logFarTail(tail: Tail): number {
  const { k, n, p, q, excess } = tail;
  const rest = n - k + 1;
  const fraction = continuedFraction(
    (i) => {
      const r = p / (k + 2 * i - 1);
      return (k + i - 1) * r * ((n + i) * r) * i * (rest - i);
    },
    (i) =>
      i +
      (i * (rest - i) * p) / Math.max(1, k + 2 * i - 1) + // 0/1 where k = 1 and i = 0
      ((k + i) / (k + 2 * i + 1)) * (excess + q + i * (1 + q)),
  );
  return logProbability(tail) + Math.log((k * q) / fraction);
}

/** ln P(X = k). */
export function logProbability({ k, n, p, q, excess }: Tail): number {
  if (k === n) return n * (p < 0.5 ? Math.log(p) : Math.log1p(-q));
  if (k === 0) return n * (q < 0.5 ? Math.log(q) : Math.log1p(-p));
  const rest = n - k;
  return (
    stirlingError(n) -
    stirlingError(k) -
    stirlingError(rest) -
    deviance(k, n * p, excess) -
    deviance(rest, n * q, -excess) -
    0.5 * Math.log(k * (rest / n)) -
    HALF_LOG_TWO_PI
  );
}
