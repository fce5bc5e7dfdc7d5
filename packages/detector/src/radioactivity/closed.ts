import type { Kernel, Profile, Scheme } from "@verdigris/core";
import { DecoySchemes, type DecoyTest, summariseDecoys } from "../decoys.js";
import { type Evidence, evidenceOf, zScoreOf } from "../evidence.js";
import { type WeightedEvidence, weightedEvidenceOf } from "../weights/weighted-test.js";
import type { Weighting } from "../weights/weighting.js";
import type { Draws } from "./layout.js";
import { LaidPairs, distinctDraws, distinctOf, weightAfter } from "./pairs.js";

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

/** The closed test under decoy keys (statistics.md 7): of a profile, or as they were bound before. */
export function closedDecoys(
  decoys: Profile | DecoySchemes,
  draws: Draws,
  options: { readonly keys: number; readonly statistic: Evidence; readonly kernel: Kernel },
): DecoyTest {
  const schemes =
    decoys instanceof DecoySchemes ? decoys : new DecoySchemes(decoys, options.kernel);
  const sumUnder = sums(schemes.at(0), draws);
  const z = Float64Array.from({ length: options.keys }, (_, i) => {
    const scheme = schemes.at(i);
    const { n, sum } = sumUnder(scheme);
    return n === 0 ? 0 : zScoreOf(scheme.law, { n, sum });
  });
  return summariseDecoys(z, options.statistic.zScore);
}

/** What `closedTest` sums under any key. Which draws share a coin is found once if the key has no part in it. */
function sums(
  scheme: Scheme,
  draws: Draws,
): (scheme: Scheme) => { readonly n: number; readonly sum: number } {
  const all = new LaidPairs(scheme, draws);
  if (scheme.coinsDependOnKey) {
    return (own) => {
      const coins = all.under(own);
      const indices = distinctOf(own, coins);
      return { n: indices.length, sum: indices.reduce((sum, i) => sum + coins.score[i], 0) };
    };
  }
  const counted = distinctOf(scheme, all.under(scheme));
  const pairs = new LaidPairs(scheme, {
    contexts: counted.map((i) => draws.contexts[i]),
    tokens: Uint32Array.from(counted, (i) => draws.tokens[i]),
  });
  return (own) => {
    const { n, score } = pairs.under(own);
    return { n, sum: score.reduce((sum, one) => sum + one, 0) };
  };
}
