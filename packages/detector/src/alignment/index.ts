import type { Random, Tokens } from "@verdigris/core";
import { requireInteger } from "../statistics/checks.js";
import { type BestAlignment, bestAlignment } from "./cost.js";
import { type AlignmentKey, pairCost, rowsOf } from "./marks.js";

export {
  type BestAlignment,
  EditCost,
  type PairCost,
  bestAlignment,
  straightCost,
} from "./cost.js";
export * from "./keys.js";
export * from "./marks.js";

/** Result of an alignment test. */
export interface AlignmentTest extends BestAlignment {
  /** (1 + keys at least as close) / (keys + 1): exact, and never 0. */
  readonly p: number;
  readonly resamples: number;
}

/**
 * EXP-edit and ITS-edit (Kuditipudi et al. 2023): the closest alignment of any block of k tokens with the key, against
 * the same under resampled keys. H0: the text is independent of the key; then all keys are exchangeable.
 *
 * @param options.gap cost of an insertion or deletion (0 for EXP, 1 for ITS in the authors' demo); null for none
 * @param options.resample a fresh key of the same kind and size
 * @throws RangeError unless k is 1 … T and there is at least one resample
 */
export function alignmentTest(
  key: AlignmentKey,
  tokens: Tokens,
  options: {
    readonly k: number;
    readonly gap: number | null;
    readonly resamples: number;
    readonly random: Random;
    readonly resample: (random: Random) => AlignmentKey;
  },
): AlignmentTest {
  const { k, gap, resamples, random, resample } = options;
  requireInteger("k", k, { min: 1, max: tokens.length });
  requireInteger("resamples", resamples, { min: 1 });
  const closest = (of: AlignmentKey): BestAlignment =>
    bestAlignment({ tokens: tokens.length, rows: rowsOf(of), k }, gap, pairCost(of, tokens));
  const found = closest(key);
  let atLeast = 0;
  for (let r = 0; r < resamples; r++) if (closest(resample(random)).cost <= found.cost) atLeast++;
  return { ...found, p: (1 + atLeast) / (resamples + 1), resamples };
}
