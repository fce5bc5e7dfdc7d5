import { type Key, type Profile, type Tokens, bindScheme } from "@verdigris/core";
import { countNGrams, normalTail, zOf } from "./n-grams.js";
import type { PeerDetector } from "./peer-detector.js";

/** A window of the scan, or the whole text. */
export interface LmWindow {
  readonly scored: number;
  readonly green: number;
  readonly zScore: number;
  readonly pValue: number;
}

/** Running z after each n-gram, over the distinct ones so far. (n-grams) */
export function zAtT(mask: Uint8Array, grams: readonly string[], gamma: number): Float64Array {
  const seen = new Set<string>();
  let green = 0;
  return Float64Array.from(mask, (flag, i) => {
    if (!seen.has(grams[i])) green += flag;
    seen.add(grams[i]);
    return zOf(green, seen.size, gamma);
  });
}

/**
 * WinMax: the window of distinct n-grams with the largest z among the given lengths, the first of equals in float32.
 * Its p-value is the normal tail of a maximum, uncorrected: nearly always too small.
 */
export function winMax(flags: Uint8Array, lengths: readonly number[], gamma: number): LmWindow {
  let best: LmWindow = { scored: 0, green: 0, zScore: -Infinity, pValue: 1 };
  for (const length of lengths) {
    if (length > flags.length) continue;
    let green = 0;
    let most = 0;
    for (let i = 0; i < flags.length; i++) {
      green += flags[i] - (i >= length ? flags[i - length] : 0);
      if (i >= length - 1) most = Math.max(most, green);
    }
    const zScore = Math.fround(zOf(most, length, gamma));
    if (zScore > best.zScore)
      best = { scored: length, green: most, zScore, pValue: normalTail(zScore) };
  }
  return best;
}

/** The extended detector of lm-watermarking with its default: each n-gram counts once. */
export const lmWatermarkingPeer: PeerDetector = {
  schemes: ["lm-watermarking"],
  report(profile: Profile, key: Key, tokens: Tokens) {
    const { gamma } = profile.parameters as { gamma: number };
    const scheme = bindScheme(profile, key);
    const { scored, green, flags } = countNGrams(scheme, tokens, {
      n: profile.h + 1,
      distinct: true,
    });
    const zScore = zOf(green, scored, gamma);
    const lengths = Array.from({ length: flags.length - 1 }, (_, i) => i + 1);
    const window = winMax(flags, lengths, gamma);
    return {
      peer: "lm-watermarking fb602de",
      figures: {
        num_tokens_scored: scored,
        num_green_tokens: green,
        z_score: zScore,
        p_value: normalTail(zScore),
        prediction: zScore > 4,
        "z_score (WinMax)": window.zScore,
        "p_value (WinMax)": window.pValue,
      },
      caveats: [
        "n-grams that differ may share a coin under min-hash and self-salted seeding",
        "the normal tail understates p; WinMax takes the best of many windows without a correction",
      ],
    };
  },
};
