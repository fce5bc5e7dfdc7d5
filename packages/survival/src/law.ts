/**
 * The survival law: E[ε] = A · ρ · Δ_T · Λ_h, computed from the corpus before a student is trained.
 *
 * Λ_h is the mean leverage of the audited windows. For a hierarchical count model the leverage of a context is the
 * weight its prediction gives to training examples with the same h-window (linear-student theorem): Σ over levels j
 * of w_j · (examples at level j with that window) / (examples at level j). Only marked examples carry the mark, so
 * the share ρ enters by counting those alone; unmarked filler competes by being in the denominator.
 */
import type { Scheme, Tokens } from "@verdigris/core";
import { moments } from "@verdigris/detector";
import { ContextIndex, type Range } from "./context-index.js";
import type { Corpus, Text } from "./corpus.js";
import { CountModel, uniformModel } from "./count-model.js";

/** What the law says about one cell, before training. */
export interface Forecast {
  /** Expected excess score per audited token; for a green list the excess green rate ε. */
  readonly epsilon: number;
  /** A: gain of the student family. */
  readonly gain: number;
  /** Δ_T: the teacher's own excess over the null mean, per marked token. */
  readonly deltaT: number;
  /** ρ Λ_h: mean leverage of the marked examples over the audited windows. */
  readonly markedLeverage: number;
}

/** How the law sees a student. */
export interface Learner {
  readonly gain: number;
  readonly inertia: number;
  readonly order: number;
}

/** Forecast of a cell. `contexts` are the audited ones; nothing here looks at a trained student. */
export function forecast(
  scheme: Scheme,
  corpus: Corpus,
  options: {
    readonly learner: Learner;
    readonly contexts: readonly Tokens[];
    readonly deltaT: number;
  },
): Forecast {
  const { learner, contexts, deltaT } = options;
  const leverageOf = markedLeverage(corpus, learner, scheme);
  const sum = contexts.reduce((total, context) => total + leverageOf(context), 0);
  const mean = contexts.length === 0 ? 0 : sum / contexts.length;
  return {
    epsilon: learner.gain * deltaT * mean,
    gain: learner.gain,
    deltaT,
    markedLeverage: mean,
  };
}

/** Δ_T: mean excess score per token of the teacher's marked texts, repeats included, as a student meets them. */
export function teacherExcess(scheme: Scheme, texts: readonly Text[]): number {
  let sum = 0;
  let n = 0;
  for (const { tokens } of texts) {
    const count = Math.max(0, tokens.length - scheme.h);
    if (count === 0) continue;
    const coins = {
      seedLo: new Uint32Array(count),
      seedHi: new Uint32Array(count),
      score: new Float64Array(count),
    };
    scheme.coins(tokens, scheme.h, coins);
    for (const score of coins.score) sum += score;
    n += count;
  }
  return n === 0 ? 0 : sum / n - moments(scheme.law).mean;
}

/** Leverage of the marked examples on the prediction after a context. */
function markedLeverage(
  corpus: Corpus,
  learner: Learner,
  scheme: Scheme,
): (context: Tokens) => number {
  const { h } = scheme;
  const V = scheme.profile.V;
  const texts = corpus.texts.map((text) => text.tokens);
  const index = new ContextIndex(texts, { order: Math.max(learner.order, h), vocabularySize: V });
  const model = new CountModel(index, {
    inertia: learner.inertia,
    shortest: 1,
    base: uniformModel(V),
  });
  const markedBefore = new Uint32Array(index.size + 1);
  for (let i = 0; i < index.size; i++) {
    markedBefore[i + 1] = markedBefore[i] + (corpus.marked[index.textOf[i]] ? 1 : 0);
  }
  const markedIn = (range: Range): number => markedBefore[range.end] - markedBefore[range.start];
  return (context) => {
    const ranges = index.ranges(context);
    if (ranges.length <= h) return 0;
    let leverage = 0;
    for (const { depth, range, weight } of model.mixture(context).levels) {
      leverage += (weight * markedIn(ranges[Math.max(depth, h)])) / (range.end - range.start);
    }
    return leverage;
  };
}
