import { logProbability, tailOf } from "./binomial.js";
import { requireInteger } from "./checks.js";

/** A list of `green` among `size` tokens, of which `n` are drawn without replacement. */
export interface Draw {
  readonly size: number;
  readonly green: number;
  readonly n: number;
}

/**
 * log10 P(X ≥ k) for the number X of green tokens among n distinct ones of a list of fixed size: the evidence where
 * one list serves the whole text.
 *
 * Exact to about 1e-13 relative, never floored. O(√n) steps. `k` in [0, n], `green` and `n` in [0, size],
 * `size` in [1, 2^40].
 */
export function hypergeometricLog10P(k: number, draw: Draw): number {
  const { size, green, n } = draw;
  requireInteger("size", size, { min: 1, max: 2 ** 40 });
  requireInteger("green", green, { min: 0, max: size });
  requireInteger("n", n, { min: 0, max: size });
  requireInteger("k", k, { min: 0, max: n });
  const fewest = Math.max(0, n + green - size);
  if (k <= fewest) return 0;
  if (k > Math.min(n, green)) return -Infinity;
  const aboveMode = k * (size + 2) >= (n + 1) * (green + 1);
  // X ≤ k − 1 is n − k + 1 or more of the other colour.
  const ln = aboveMode
    ? logUpperSum(k, draw)
    : Math.log1p(-Math.exp(logUpperSum(n - k + 1, { size, green: size - green, n })));
  return ln * Math.LOG10E + 0;
}

/**
 * log10 of how much likelier k green tokens in a given order are when each is drawn from the whole list than without
 * replacement; Infinity if the list does not hold so many. It turns an e-process for the one into one for the other.
 */
export function log10ReplacementRatio(k: number, draw: Draw): number {
  const { size, green, n } = draw;
  if (k < Math.max(0, n + green - size) || k > Math.min(n, green)) return Infinity;
  if (green === 0 || green === size || n === 0) return 0;
  const coin = { p: green / size, q: (size - green) / size };
  return (logProbability(tailOf(k, n, coin)) - logMass(k, draw)) * Math.LOG10E;
}

/** ln P(X ≥ k) for k at or above the mode, where the probabilities fall. */
function logUpperSum(k: number, draw: Draw): number {
  const { size, green, n } = draw;
  let [sum, term] = [1, 1];
  for (let j = k; term > sum * 1e-18; j++) {
    term *= ((green - j) / (j + 1)) * ((n - j) / (size - green - n + j + 1));
    sum += term;
  }
  return logMass(k, draw) + Math.log(sum);
}

/** ln P(X = k) as a ratio of three binomial probabilities of any common p; n/size keeps all near their modes. */
function logMass(k: number, { size, green, n }: Draw): number {
  if (n === size) return 0;
  const coin = { p: n / size, q: (size - n) / size };
  const at = (successes: number, trials: number): number =>
    trials === 0 ? 0 : logProbability(tailOf(successes, trials, coin));
  return at(k, green) + at(n - k, size - green) - at(n, size);
}
