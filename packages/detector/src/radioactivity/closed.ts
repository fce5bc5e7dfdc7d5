import { type Key, type Kernel, type Profile, type Scheme, bindScheme } from "@verdigris/core";
import { decoyKey, type DecoyTest, summariseDecoys } from "../decoys.js";
import { type Evidence, evidenceOf } from "../evidence.js";
import { type WeightedEvidence, weightedEvidenceOf } from "../weights/weighted-test.js";
import type { Weighting } from "../weights/weighting.js";
import { type Draws, distinctDraws, weightAfter } from "./pairs.js";

/** Closed-model test: each distinct coin once, exact tail. */
export function closedTest(scheme: Scheme, draws: Draws): Evidence {
  const { scores } = distinctDraws(scheme, draws);
  return evidenceOf(scheme.law, {
    n: scores.length,
    sum: scores.reduce((all, one) => all + one, 0),
  });
}

/** The closed test with a weight per context: by its window alone, never by the key (statistics.md 14). */
export function weightedClosedTest(
  scheme: Scheme,
  draws: Draws,
  weighting: Weighting,
): WeightedEvidence {
  const { scores, indices } = distinctDraws(scheme, draws);
  const weights = Float64Array.from(indices, (i) => weightAfter(weighting, draws.contexts[i]));
  return weightedEvidenceOf(scheme.law, { scores, weights });
}

/** The closed test under decoy keys (statistics.md 7). */
export function closedDecoys(
  profile: Profile,
  draws: Draws,
  options: { readonly keys: number; readonly statistic: Evidence; readonly kernel: Kernel },
): DecoyTest {
  const z = Float64Array.from({ length: options.keys }, (_, i) => {
    const key: Key = decoyKey(i);
    return closedTest(bindScheme(profile, key, options.kernel), draws).zScore;
  });
  return summariseDecoys(z, options.statistic.zScore);
}
