import { requireReal } from "./checks.js";
import { continuedFraction, deviance, HALF_LOG_TWO_PI, stirlingError } from "./saddlepoint.js";

/**
 * log10 P(S ≥ x) for S ~ Gamma(n, 1): the evidence of a sum x of n unit exponential scores.
 *
 * Exact to about 1e-13 relative, never floored. At worst, near the mean, O(√n) steps.
 * `x` in [0, 1e300]; `n` in [0.5, 1e15], not necessarily an integer. x = 0 gives 0.
 */
export function gammaLog10Q(x: number, n: number): number {
  requireReal("x", x, { min: 0, max: 1e300 });
  requireReal("n", n, { min: 0.5, max: 1e15 });
  // Adding 0 turns the −0 of a certain event into 0.
  return logGammaTail(x, n) * Math.LOG10E + 0;
}

/** ln P(S ≥ x) for S ~ Gamma(n, 1), n ≥ ½. */
export function logGammaTail(x: number, n: number): number {
  if (x === 0) return 0;
  // ln of xⁿe⁻ˣ/Γ(n+1)
  const logWeight = -deviance(n, x, n - x) - stirlingError(n) - 0.5 * Math.log(n) - HALF_LOG_TWO_PI;
  if (x < n) return Math.log1p(-Math.exp(logWeight) * lowerSeries(x, n));
  // Legendre's continued fraction; positive terms up to i = n, where an integer n ends it.
  const fraction = continuedFraction(
    (i) => i * (n - i),
    (i) => x - n + (2 * i + 1),
  );
  return logWeight + Math.log(n / fraction);
}

/** 1 + x/(n+1) + x²/((n+1)(n+2)) + …, for x < n. */
function lowerSeries(x: number, n: number): number {
  let sum = 1;
  let term = 1;
  // Far below the last place: near x = n some √n terms follow of about the same size.
  for (let i = 1; term > sum * 1e-22; i++) {
    term *= x / (n + i);
    sum += term;
  }
  return sum;
}
