import { requireBetween, requireReal } from "./checks.js";
import { logGammaTail } from "./gamma.js";
import { HALF_LOG_TWO_PI } from "./saddlepoint.js";

/**
 * log10 P(Z ≥ z) for a standard normal Z. Approximations and display only: verdicts use exact tails.
 * `z` in [−1e150, 1e150].
 */
export function normalLog10Q(z: number): number {
  requireReal("z", z, { min: -1e150, max: 1e150 });
  const logQ = logUpperHalf(Math.abs(z));
  // Adding 0 turns the −0 of a certain event into 0.
  return (z >= 0 ? logQ : Math.log1p(-Math.exp(logQ))) * Math.LOG10E + 0;
}

/** The z whose upper tail P(Z ≥ z) is `p`, in (0, 1). Accurate to about 1e-14. */
export function normalQuantile(p: number): number {
  requireBetween("p", p);
  return p <= 0.5 ? upperQuantile(p) : -upperQuantile(1 - p);
}

/** ln P(Z ≥ z) for z ≥ 0: half of P(Z² ≥ z²), and Z²/2 is Gamma(½, 1). */
function logUpperHalf(z: number): number {
  return logGammaTail((z * z) / 2, 0.5) - Math.LN2;
}

/** Newton's method on ln Q, which is concave: from above the root it comes down and cannot pass it. */
function upperQuantile(p: number): number {
  if (p === 0.5) return 0;
  let z = Math.sqrt(-2 * Math.log(2 * p)); // above the root, since Q(z) ≤ ½ exp(−z²/2)
  for (;;) {
    const logQ = logUpperHalf(z);
    const hazard = Math.exp((-z * z) / 2 - HALF_LOG_TWO_PI - logQ);
    const next = z + (logQ - Math.log(p)) / hazard;
    if (!(next < z)) return z;
    z = next;
  }
}
