import { type Key, type Profile, type Scheme, type Tokens, bindScheme } from "@verdigris/core";
import { type NGramCount, countNGrams, normalTail, zOf } from "./n-grams.js";
import type { PeerDetector } from "./peer-detector.js";

/** sbw's counts and its normal tail. */
export interface SbwDetection extends NGramCount {
  readonly zScore: number;
  readonly pValue: number;
}

/**
 * sbw 1.0.0's detector, which counts n-grams; a leading BOS is dropped. Without `gpu-` it asks for one token more than a
 * self-salted n-gram has.
 * @throws RangeError for a text that is too short
 */
export function sbwDetect(
  scheme: Scheme,
  tokens: Tokens,
  options: { readonly gamma: number; readonly bos: number | null; readonly distinct: boolean },
): SbwDetection {
  const { gamma, bos, distinct } = options;
  const text = tokens.length > 0 && tokens[0] === bos ? tokens.subarray(1) : tokens;
  const { prf, seeding } = scheme.profile;
  const least = scheme.h + (prf === "torch-mt19937-v1" && seeding === "self" ? 2 : 1);
  if (text.length < least) {
    throw new RangeError(`tokens: expected ${least} or more, got ${text.length}`);
  }
  const count = countNGrams(scheme, text, { n: scheme.h + 1, distinct });
  const zScore = zOf(count.green, count.scored, gamma);
  return { ...count, zScore, pValue: normalTail(zScore) };
}

/** sbw's detector with its default: each n-gram once. */
export const sbw: PeerDetector = {
  schemes: ["sbw"],
  report(profile: Profile, key: Key, tokens: Tokens) {
    const { gamma } = profile.parameters as { gamma: number };
    const found = sbwDetect(bindScheme(profile, key), tokens, { gamma, bos: null, distinct: true });
    return {
      peer: "sbw 1.0.0",
      figures: {
        num_tokens_scored: found.scored,
        num_green_tokens: found.green,
        z_score: found.zScore,
        p_value: found.pValue,
        prediction: found.zScore > 4,
      },
      caveats: [
        "n-grams that differ share coins under self-salted and min-hash seeding",
        "the normal tail understates p",
      ],
    };
  },
};
