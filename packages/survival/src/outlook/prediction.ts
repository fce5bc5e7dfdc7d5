/**
 * From an expected excess to what an audit will find: z, p, power and the tokens it takes. By the normal law with the
 * null variance; plans, not verdicts. N scored tokens; intervals cover 95 %.
 */
import { type NullLaw, moments } from "@verdigris/core";
import {
  type Interval,
  largestSum,
  normalLog10Q,
  normalQuantile,
  scoreLog10P,
} from "@verdigris/detector";

/** A figure and the 95 % interval it comes with. */
export interface Estimate extends Interval {
  readonly value: number;
}

/** What each audited token is expected to add. */
export interface Signal {
  /** Weighted mean excess score per token; for a green list ε. */
  readonly excess: Estimate;
  /** (Σω)² / (n Σω²): N weighted tokens have the noise of `efficiency` · N equal ones. 1 without weights. */
  readonly efficiency: number;
  /**
   * Standard deviation of the weighted sum if the excess is there, over that under H0: a marked student's coins vary more. Then power and
   * N* count it, and the exact tail of the test; without it they are those of the normal formula.
   */
  readonly noise?: number;
}

/** How an audit is judged. */
export interface AuditRule {
  /** False-positive rate, in (0, 1). */
  readonly alpha: number;
  /** Wanted probability of deciding, in (α, 1). */
  readonly power: number;
}

/** Below this power an audit says more about its size than about the suspect. */
const LEAST_POWER = 0.5;

/** What an audit of n tokens is expected to find. */
export interface Prediction {
  /** `refused`: power below one half, so that finding nothing would say nothing. */
  readonly kind: "planned" | "refused";
  readonly n: number;
  /** Where the measured effect will lie: the interval of the law and the sampling of the audit. */
  readonly effect: Estimate;
  readonly z: Estimate;
  /** Exact tail at each z; `lower` belongs to the larger z. */
  readonly log10P: Estimate;
  /** Probability of p ≤ α, averaged over nothing: at the value of the excess. */
  readonly power: number;
  /** The same at the lower end of the law's interval. */
  readonly leastPower: number;
}

/** @throws RangeError unless n ≥ 1 */
export function predict(
  law: NullLaw,
  signal: Signal,
  { n, alpha }: { readonly n: number; readonly alpha: number },
): Prediction {
  if (!(n >= 1)) throw new RangeError(`n: expected at least 1, got ${n}`);
  const { excess, efficiency, noise } = signal;
  const { mean, variance } = moments(law);
  const coins = n * efficiency;
  const unit = Math.sqrt(coins / variance);
  const spread = (side: number): number => Math.hypot(side * unit, 1.96);
  const z = {
    value: excess.value * unit,
    lower: excess.value * unit - spread(excess.value - excess.lower),
    upper: excess.value * unit + spread(excess.upper - excess.value),
  };
  const tail = (at: number): number => {
    const whole = Math.max(1, Math.round(coins));
    return scoreLog10P(law, whole, whole * mean + at * Math.sqrt(whole * variance));
  };
  const critical = noise === undefined ? normalQuantile(alpha) : criticalZ(law, coins, alpha);
  const powerAt = (shift: number): number => 10 ** normalLog10Q((critical - shift) / (noise ?? 1));
  const power = powerAt(z.value);
  return {
    kind: power < LEAST_POWER ? "refused" : "planned",
    n,
    effect: { value: excess.value, lower: z.lower / unit, upper: z.upper / unit },
    z,
    log10P: { value: tail(z.value), lower: tail(z.upper), upper: tail(z.lower) },
    power,
    leastPower: powerAt(excess.lower * unit),
  };
}

/** The least z, of a sum of so many equal coins, whose exact tail is at most α. */
function criticalZ(law: NullLaw, coins: number, alpha: number): number {
  const { mean, variance } = moments(law);
  const whole = Math.max(1, Math.round(coins));
  const rejected = (z: number): boolean => {
    const sum = whole * mean + z * Math.sqrt(whole * variance);
    return sum > largestSum(law, whole) || scoreLog10P(law, whole, sum) <= Math.log10(alpha);
  };
  let [low, high] = [0, 2 * normalQuantile(alpha) + 1];
  for (let step = 0; step < 30; step++) {
    const middle = (low + high) / 2;
    if (rejected(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** N*, with the interval that the law's own gives it; `upper` is null where that reaches down to no excess at all. */
export interface RequiredTokens {
  readonly value: number;
  readonly lower: number;
  readonly upper: number | null;
}

/**
 * Scored tokens that decide: N* = (z_α + r z_β)² σ² / (efficiency · ε²), rounded up; null without an excess. With `noise` r, z_α is where
 * the exact test of so many coins rejects; without, r = 1 and z_α is the normal quantile.
 */
export function tokensToDecide(
  law: NullLaw,
  { excess, efficiency, noise }: Signal,
  { alpha, power }: AuditRule,
): RequiredTokens | null {
  const { variance } = moments(law);
  const beyond = -normalQuantile(power) * (noise ?? 1);
  const tokensFor = (z: number, epsilon: number): number =>
    Math.ceil(((z / epsilon) ** 2 * variance) / efficiency);
  const at = (epsilon: number): number | null => {
    let tokens = tokensFor(normalQuantile(alpha) + beyond, epsilon);
    if (!(epsilon > 0 && Number.isSafeInteger(tokens))) return null;
    if (noise === undefined) return tokens;
    // The tail changes little with the number of coins: two rounds settle it.
    for (let round = 0; round < 2; round++)
      tokens = tokensFor(criticalZ(law, tokens * efficiency, alpha) + beyond, epsilon);
    return tokens;
  };
  const [value, lower] = [at(excess.value), at(excess.upper)];
  if (value === null || lower === null) return null;
  return { value, lower, upper: at(excess.lower) };
}
