import { type Kernel, type Key, type Profile, createKernel } from "@verdigris/core";
import { decoyKey } from "../decoys.js";
import type { Piece } from "../tally.js";
import { type BayesianModel, positionLogRatio } from "./model.js";
import { type GWords, gWords } from "./words.js";

/** What SynthID's Bayesian score says of a text, and what may be concluded. */
export interface BayesianResult {
  /** Coins. */
  readonly n: number;
  /** Probability of a mark by the model and its prior. Not a p-value: it is as right as the model. */
  readonly posterior: number;
  /**
   * log10 of the likelihood ratio. The ratio is an e-value: under H0 its mean is at most 1, whatever the weights, since
   * each layer's factor has mean 1 for a fair bit.
   */
  readonly log10E: number;
  /** Markov's bound 1/E as a p-value: valid, and conservative by a digit or two. */
  readonly log10P: number;
  /** (1 + decoy keys with a ratio as large) / (keys + 1): exact whatever the dependence inside the text; null for none. */
  readonly decoyP: number | null;
}

/**
 * SynthID's Bayesian score of texts, each coin once, with p-values. H0: the texts are independent of the key, given
 * their prompts. @throws RangeError unless the profile is of `synthid` with the model's depth
 */
export function bayesianTest(
  model: BayesianModel,
  mark: { readonly profile: Profile; readonly key: Key },
  texts: readonly Piece[],
  options: { readonly decoys?: number; readonly kernel?: Kernel } = {},
): BayesianResult {
  const { decoys = 99, kernel = createKernel() } = options;
  const under = (key: Key): GWords => gWords(mark.profile, key, { texts, kernel });
  const read = under(mark.key);
  if (read.depth !== model.depth) {
    throw new RangeError(`model.depth: expected the profile's ${read.depth}, got ${model.depth}`);
  }
  const found = logRatio(model, read);
  let atLeast = 0;
  for (let i = 0; i < decoys; i++) if (logRatio(model, under(decoyKey(i))) >= found) atLeast++;
  const { prior } = model;
  const odds = found + Math.log(prior) - Math.log1p(-prior);
  return {
    n: read.words.length,
    posterior: 1 / (1 + Math.exp(-odds)),
    log10E: found * Math.LOG10E,
    log10P: Math.min(0, -found * Math.LOG10E),
    decoyP: decoys === 0 ? null : (1 + atLeast) / (decoys + 1),
  };
}

/** ln of the likelihood ratio; less what unfair bits could have added where a table has more ones than zeros. */
export function logRatio(model: BayesianModel, { words, depth, shareOfOnes }: GWords): number {
  let sum = 0;
  for (const word of words) sum += positionLogRatio(model, word);
  return sum - words.length * depth * Math.log1p(Math.max(0, shareOfOnes - 0.5));
}
