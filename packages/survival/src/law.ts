/**
 * The survival law: E[ε] = A · ρ^a · Δ_T · Λ_h × (what attacks leave), computed from the corpus before a student is trained.
 *
 * Λ_h is the mean leverage of the audited windows. For a hierarchical count model the leverage of a context is the
 * weight its prediction gives to training examples with the same h-window (linear-student theorem): Σ over levels j
 * of w_j · (examples at level j with that window) / (examples at level j). Only marked examples carry the mark, so
 * the share ρ enters by counting those alone; unmarked filler competes by being in the denominator.
 *
 * Δ_T is not the same everywhere: after a rare window the teacher often has little choice. So each audited window
 * takes the excess of windows that the teacher's text holds about as often.
 */
import { type Scheme, type Tokens, coinsOf, moments } from "@verdigris/core";
import { ContextIndex, type Range, indexKeeper } from "./context-index.js";
import { type Corpus, TRACE, type Text } from "./corpus.js";
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
  /** Exponent a of the marked share. 1 in theory, and unless one was fitted. */
  readonly exponent?: number;
  /** Where the index of its corpus is kept, for a student that will look at it as the law did. */
  readonly indexOf?: (texts: readonly Text[], order: number) => ContextIndex;
}

/** Forecast of a cell. `contexts` are the audited ones; nothing here looks at a trained student. */
export function forecast(
  scheme: Scheme,
  corpus: Corpus,
  options: {
    readonly learner: Learner;
    readonly contexts: readonly Tokens[];
    readonly excess: TeacherExcess;
    /** What each attack leaves of the excess, in [0, 1]. Default: no attack. */
    readonly factors?: readonly number[];
  },
): Forecast {
  const { learner, contexts, excess, factors = [] } = options;
  const leverageOf = markedLeverage(corpus, learner, scheme);
  let leverage = 0;
  let product = 0;
  for (const context of contexts) {
    const own = leverageOf(context);
    leverage += own;
    product += own * excess.after(context);
  }
  const n = Math.max(1, contexts.length);
  // The marked leverage holds ρ once already; an empty corpus of marked text has no leverage to correct.
  const share = corpus.rho === 0 ? 1 : corpus.rho ** ((learner.exponent ?? 1) - 1);
  const left = factors.reduce((all, factor) => all * factor, share);
  return {
    epsilon: (learner.gain * left * product) / n,
    gain: learner.gain,
    deltaT: excess.mean,
    markedLeverage: leverage / n,
  };
}

/** How much a teacher's marked text exceeds the null mean. */
export interface TeacherExcess {
  /** Δ_T: mean excess score per token, repeats included, as a student meets them. */
  readonly mean: number;
  /** Mean excess after windows that the text holds about as often (within a factor of two) as this context's. */
  after(context: Tokens): number;
}

/** Positions that a frequency needs for a mean of its own; rarer frequencies take the overall one. */
const ENOUGH_POSITIONS = 400;

/** Measures Δ_T on the teacher's marked texts, which the provider has. */
export function teacherExcess(scheme: Scheme, texts: readonly Text[]): TeacherExcess {
  const { h } = scheme;
  const all = texts.map((text) => text.tokens);
  const index = new ContextIndex(all, { order: h, vocabularySize: scheme.profile.V });
  const stratumOf = (context: Tokens): number => {
    const range = index.ranges(context)[h];
    return range === undefined ? -1 : Math.floor(Math.log2(range.end - range.start));
  };
  const strata = new Map<number, { n: number; sum: number }>();
  const total = { n: 0, sum: 0 };
  for (const tokens of all) {
    const excess = excessScores(scheme, tokens);
    for (let i = 0; i < excess.length; i++) {
      const stratum = stratumOf(tokens.subarray(i, i + h));
      const own = strata.get(stratum) ?? { n: 0, sum: 0 };
      strata.set(stratum, { n: own.n + 1, sum: own.sum + excess[i] });
      total.n++;
      total.sum += excess[i];
    }
  }
  const mean = total.n === 0 ? 0 : total.sum / total.n;
  return {
    mean,
    after(context: Tokens): number {
      const own = strata.get(stratumOf(context));
      return own === undefined || own.n < ENOUGH_POSITIONS ? mean : own.sum / own.n;
    },
  };
}

/** Excess scores of positions h … T−1. (T − h) */
export function excessScores(scheme: Scheme, tokens: Tokens): Float64Array {
  const { mean } = moments(scheme.law);
  return coinsOf(scheme, tokens).score.map((score) => score - mean);
}

/** Whether an example carries the mark: its token is the teacher's own, and so is, in value, the window before it. */
function carries(
  { marked, traces }: Corpus,
  { text, place }: { readonly text: number; readonly place: number },
  h: number,
): boolean {
  const trace = traces?.[text];
  if (!marked[text] || trace === undefined) return marked[text];
  if (trace[place] !== TRACE.kept) return false;
  for (let j = Math.max(0, place - h); j < place; j++) {
    if (trace[j] === TRACE.changed) return false;
  }
  return true;
}

/** Leverage of the marked examples on the prediction after a context. */
export function markedLeverage(
  corpus: Corpus,
  learner: Learner,
  scheme: Scheme,
): (context: Tokens) => number {
  const { h } = scheme;
  const V = scheme.profile.V;
  const order = Math.max(learner.order, h);
  const indexOf = learner.indexOf ?? indexKeeper(V);
  const index = indexOf(corpus.texts, order);
  const model = new CountModel(index, {
    inertia: learner.inertia,
    shortest: 1,
    base: uniformModel(V),
  });
  const markedBefore = new Uint32Array(index.size + 1);
  for (let i = 0; i < index.size; i++) {
    const marked = carries(corpus, { text: index.textOf[i], place: index.placeOf(i) }, h);
    markedBefore[i + 1] = markedBefore[i] + (marked ? 1 : 0);
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
