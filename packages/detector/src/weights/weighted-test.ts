import { type NullLaw, type Scheme, type Tokens, moments } from "@verdigris/core";
import type { Evidence } from "../evidence.js";
import { Tally } from "../tally.js";
import { type WeightClass, weightedLog10P } from "./weighted-tail.js";
import type { Weighting } from "./weighting.js";

/** Weights are rounded to this many steps of the largest: few classes, whole weights, and nothing of the key in it. */
export const STEPS = 255;

/** Evidence of weighted coins: `sum` and `effect` are weighted, the largest weight being 1. */
export interface WeightedEvidence extends Evidence {
  /** (Σω)²/Σω²: how many equally weighted coins have the same noise. */
  readonly effectiveN: number;
}

/** What coins showed, and how much each counts. */
export interface WeightedScores {
  readonly scores: ArrayLike<number>; // (n)
  /** Not negative; made without the key. (n) */
  readonly weights: ArrayLike<number>;
}

/** The exact test of Σ ω s over distinct coins. H0 as ever: the text is independent of the key. */
export function weightedEvidenceOf(
  law: NullLaw,
  { scores, weights }: WeightedScores,
): WeightedEvidence {
  const classes = new Map<number, { n: number; sum: number }>();
  const heaviest = Math.max(0, largest(weights));
  for (let i = 0; i < scores.length; i++) {
    const weight = heaviest === 0 ? 0 : Math.round((STEPS * weights[i]) / heaviest);
    if (weight === 0) continue;
    const own = classes.get(weight) ?? { n: 0, sum: 0 };
    own.n++;
    own.sum += scores[i];
    classes.set(weight, own);
  }
  return evidenceOfClasses(
    law,
    [...classes].toSorted(([a], [b]) => a - b).map(([weight, own]) => ({ weight, ...own })),
  );
}

/** The same of coins by whole weights, in steps of 1/255. */
export function evidenceOfClasses(
  law: NullLaw,
  classes: readonly (WeightClass & { readonly sum: number })[],
): WeightedEvidence {
  const total = (of: (each: WeightClass & { readonly sum: number }) => number): number =>
    classes.reduce((all, each) => all + of(each), 0);
  const n = total((each) => each.n);
  if (n === 0) return { n, sum: 0, log10P: 0, zScore: 0, effect: 0, effectiveN: 0 };
  const { mean, variance } = moments(law);
  const sum = total(({ weight, sum: own }) => weight * own);
  const weights = total(({ weight, n: own }) => weight * own);
  const squares = total(({ weight, n: own }) => weight * weight * own);
  return {
    n,
    sum: sum / STEPS,
    log10P: weightedLog10P(law, classes, sum),
    zScore: (sum - mean * weights) / Math.sqrt(variance * squares),
    effect: sum / weights - mean,
    effectiveN: (weights * weights) / squares,
  };
}

/** The weighted test of whole texts: coins are counted as ever, each once, with the weight of its first position. */
export function weightedTest(
  scheme: Scheme,
  texts: readonly { readonly tokens: Tokens; readonly prompt?: Tokens }[],
  weighting: Weighting,
): WeightedEvidence {
  const weights: number[] = [];
  const scores: number[] = [];
  let [own, origin] = [new Float64Array(0), 0];
  const tally = new Tally(scheme, {
    observe(positions, shown, n) {
      for (let i = 0; i < n; i++) {
        weights.push(own[positions[i] - origin]);
        scores.push(shown[i]);
      }
    },
  });
  const { h } = scheme;
  for (const text of texts) {
    own = new Float64Array(text.tokens.length);
    if (text.tokens.length > h) own.set(weighting(text.tokens, h), h);
    tally.add(text);
    origin += text.tokens.length;
  }
  return weightedEvidenceOf(scheme.law, { scores, weights });
}

function largest(values: ArrayLike<number>): number {
  let most = -Infinity;
  for (let i = 0; i < values.length; i++) {
    if (!(values[i] >= 0 && values[i] < Infinity)) {
      throw new RangeError(`weights[${i}]: expected a finite number from 0, got ${values[i]}`);
    }
    most = Math.max(most, values[i]);
  }
  return most;
}
