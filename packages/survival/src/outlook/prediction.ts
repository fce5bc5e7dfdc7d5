/**
 * From an expected excess to what an audit will find: z, p, power and the tokens it takes. By the normal law with the
 * null variance; plans, not verdicts. N scored tokens; intervals cover 95 %.
 */
import { type NullLaw, moments } from "@verdigris/core";
import { type Interval, normalLog10Q, normalQuantile, scoreLog10P } from "@verdigris/detector";

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
  const { excess, efficiency } = signal;
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
  const critical = normalQuantile(alpha);
  const powerAt = (shift: number): number => 10 ** normalLog10Q(critical - shift);
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

/** N*, with the interval that the law's own gives it; `upper` is null where that reaches down to no excess at all. */
export interface RequiredTokens {
  readonly value: number;
  readonly lower: number;
  readonly upper: number | null;
}

/** Scored tokens that decide: N* = (z_α + z_β)² σ² / (efficiency · ε²), rounded up; null without an excess. */
export function tokensToDecide(
  law: NullLaw,
  { excess, efficiency }: Signal,
  { alpha, power }: AuditRule,
): RequiredTokens | null {
  const z = normalQuantile(alpha) - normalQuantile(power);
  const { variance } = moments(law);
  const at = (epsilon: number): number | null => {
    const tokens = Math.ceil(((z / epsilon) ** 2 * variance) / efficiency);
    return epsilon > 0 && Number.isSafeInteger(tokens) ? tokens : null;
  };
  const [value, lower] = [at(excess.value), at(excess.upper)];
  if (value === null || lower === null) return null;
  return { value, lower, upper: at(excess.lower) };
}
