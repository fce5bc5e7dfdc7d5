import { type NullLaw, moments } from "@verdigris/core";
import { requireBetween } from "../statistics/checks.js";
import { cumulant } from "../statistics/cumulant.js";
import { log10ReplacementRatio } from "../statistics/hypergeometric.js";

/** Effects the mixture bets on, in standard deviations of one coin's score: .02 … 3.6, each √2 the last. */
const EFFECTS = Array.from({ length: 16 }, (_, j) => 0.02 * Math.SQRT2 ** j);

/** What an e-process needs of the coins seen so far. */
export interface Seen {
  readonly n: number;
  readonly sum: number;
}

/**
 * log10 of an e-process against "scores follow `law` or less": the even mixture over tilts λ > 0 of
 * exp(λ S − n K(λ)), K the cumulant of one score (Robbins 1970; Howard et al. 2021). Each term is a supermartingale
 * when every new coin's score, given the past, is stochastically at most the law's; so is the mixture, and
 * P(ever E ≥ 1/α) ≤ α (Ville 1939), however often one looks.
 */
export function log10E(law: NullLaw, seen: Seen): number {
  return eProcess(law)(seen);
}

/** `log10E` of one law, to be asked again and again: what does not depend on the coins is computed once. */
export function eProcess(law: NullLaw, side: 1 | -1 = 1): (seen: Seen) => number {
  const bets = tilts(law, side);
  const cumulants = bets.map((lambda) => cumulant(law, lambda));
  return (seen) => {
    const { n, sum } = seen;
    return (
      log10MeanExp(bets.map((lambda, j) => lambda * sum - n * cumulants[j])) + listed(law, seen)
    );
  };
}

/** What the mixture gains if the coins of one list are drawn without replacement: then they are not independent. */
function listed(law: NullLaw, { n, sum }: Seen): number {
  const list = law.kind === "bernoulli" ? law.oneList : undefined;
  return list === undefined || n > list.size ? 0 : log10ReplacementRatio(sum, { ...list, n });
}

/** log10 of the mean of e^x over `logs`. */
export function log10MeanExp(logs: readonly number[]): number {
  const top = Math.max(...logs);
  const total = logs.reduce((all, log) => all + Math.exp(log - top), 0);
  return (top + Math.log(total / logs.length)) / Math.LN10;
}

/** An interval for the mean effect so far that holds at every time at once. */
export interface ConfidenceSequence {
  readonly lower: number;
  readonly upper: number;
}

/**
 * Confidence sequence of level 1 − α for the effect: mean score so far minus the law's. Each end inverts a one-sided
 * e-process at level α/2. For scores in {0, 1} it covers the running average of the coins' own means, which may
 * differ (by concavity of ln(1 + (e^λ − 1)μ) in μ); for other laws it takes one common mean.
 *
 * @param level α in (0, 1)
 */
export function confidenceSequence(law: NullLaw, seen: Seen, level: number): ConfidenceSequence {
  requireBetween("level", level);
  const { mean } = moments(law);
  const top = largestMean(law);
  if (seen.n === 0) return { lower: -mean, upper: top - mean };
  const average = seen.sum / seen.n;
  const threshold = Math.log10(2 / level);
  const excluded = (at: number, side: 1 | -1): boolean => {
    const shifted = atMean(law, seen, at);
    return eProcess(shifted.law, side)(shifted.seen) >= threshold;
  };
  const lower = boundary(average, 0, (at) => excluded(at, 1));
  // Where no mean is too large to be possible, look up to a hundred times the average.
  const highest = Number.isFinite(top) ? top : 100 * average + 100;
  const upper = boundary(average, highest, (at) => excluded(at, -1));
  return { lower: lower - mean, upper: upper - mean };
}

/** The law whose mean is `at`, and the coins on its scale. */
function atMean(
  law: NullLaw,
  seen: Seen,
  at: number,
): { readonly law: NullLaw; readonly seen: Seen } {
  switch (law.kind) {
    case "exponential":
    case "exponentials":
      return { law, seen: { n: seen.n, sum: (seen.sum * moments(law).mean) / at } };
    case "bernoulli":
      return { law: greenAt(law, at), seen };
    case "bits":
      return { law: { ...law, p: (law.p * at) / moments(law).mean }, seen };
  }
}

/** A list of fixed size has a whole number of green tokens. */
function greenAt({ oneList }: Extract<NullLaw, { kind: "bernoulli" }>, at: number): NullLaw {
  if (oneList === undefined) return { kind: "bernoulli", p: at };
  const green = Math.round(at * oneList.size);
  return { kind: "bernoulli", p: green / oneList.size, oneList: { size: oneList.size, green } };
}

function largestMean(law: NullLaw): number {
  if (law.kind === "bernoulli") return 1;
  return law.kind === "bits" ? moments(law).mean / law.p : Infinity;
}

/** The last mean from `inside` towards `end` that is not excluded, by bisection; exclusion grows with the distance. */
function boundary(inside: number, end: number, excluded: (at: number) => boolean): number {
  let [kept, gone] = [inside, end];
  const nearEnd = end + (inside - end) * 1e-9;
  if (!excluded(nearEnd)) return end;
  for (let i = 0; i < 50; i++) {
    const middle = (kept + gone) / 2;
    if (excluded(middle)) gone = middle;
    else kept = middle;
  }
  return gone;
}

/**
 * Tilts that answer to the effects (1 bets on larger scores, −1 on smaller): λ = ±e/σ to first order, but at most 8 over the largest score of one bit, where σ is
 * nearly 0; e/(1 + e) over the largest mean under exponential laws.
 */
export function tilts(law: NullLaw, side: 1 | -1): readonly number[] {
  const unit = law.kind === "exponentials" ? law.means[0] : 1;
  if (law.kind === "exponential" || law.kind === "exponentials") {
    return EFFECTS.map((e) => (side === 1 ? e / (1 + e) : -e) / unit);
  }
  const sigma = Math.sqrt(moments(law).variance);
  const most = 8 / (law.kind === "bits" ? Math.max(...law.weights) : 1);
  return EFFECTS.map((e) => side * Math.min(e / sigma, most));
}
