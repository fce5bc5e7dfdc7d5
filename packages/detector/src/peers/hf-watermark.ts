import { type Key, type Profile, type Scheme, type Tokens, bindScheme } from "@verdigris/core";
import { countNGrams, normalTail, zOf } from "./n-grams.js";
import type { PeerDetector } from "./peer-detector.js";

/** Figures of `WatermarkDetector`. */
export interface HfDetection {
  readonly numTokensScored: number;
  readonly numGreenTokens: number;
  readonly greenFraction: number;
  readonly zScore: number;
  readonly pValue: number;
  readonly prediction: boolean;
}

/** How `WatermarkDetector` counts. */
export interface HfOptions {
  readonly contextWidth: number;
  /** The nominal `greenlist_ratio`. */
  readonly gamma: number;
  /** Each n-gram counts once. Without effect up to transformers 5.16. */
  readonly ignoreRepeated: boolean;
  /** `current`: 5.23.0. `until-5.16`: no de-duplication, and an approximate p-value. */
  readonly era: "current" | "until-5.16";
}

const Z_THRESHOLD = 3;

/** What Hugging Face's detector computes; a leading BOS must be gone already. */
export function hfDetect(scheme: Scheme, tokens: Tokens, options: HfOptions): HfDetection {
  const { contextWidth, gamma, ignoreRepeated, era } = options;
  const n = scheme.profile.seeding === "self" ? contextWidth : contextWidth + 1;
  const distinct = ignoreRepeated && era === "current";
  const { scored, green } = countNGrams(scheme, tokens, { n, distinct });
  const zScore = zOf(green, scored, gamma);
  return {
    numTokensScored: scored,
    numGreenTokens: green,
    greenFraction: green / scored,
    zScore,
    pValue: era === "current" ? normalTail(zScore) : approximateTail(zScore),
    prediction: zScore > Z_THRESHOLD,
  };
}

/** 1 − ½(1 + sign(z)(1 − e^(−2z²/π))): within .0002 of the tail near 0, and 0 from z = 7.5 on. */
function approximateTail(z: number): number {
  return 1 - 0.5 * (1 + Math.sign(z) * (1 - Math.exp((-2 * z ** 2) / Math.PI)));
}

/** `WatermarkDetector` of transformers 5.23.0 with its default, every n-gram counted, and with its option. */
export const hfWatermark: PeerDetector = {
  schemes: ["hf-green-list"],
  report(profile: Profile, key: Key, tokens: Tokens) {
    const { gamma, contextWidth } = profile.parameters as { gamma: number; contextWidth: number };
    const scheme = bindScheme(profile, key);
    const figures = (ignoreRepeated: boolean): HfDetection =>
      hfDetect(scheme, tokens, { gamma, contextWidth, ignoreRepeated, era: "current" });
    const [all, distinct] = [figures(false), figures(true)];
    return {
      peer: "Hugging Face transformers 5.23.0",
      figures: {
        num_tokens_scored: all.numTokensScored,
        num_green_tokens: all.numGreenTokens,
        z_score: all.zScore,
        p_value: all.pValue,
        prediction: all.prediction,
        "z_score (ignore_repeated_ngrams)": distinct.zScore,
        "p_value (ignore_repeated_ngrams)": distinct.pValue,
      },
      caveats: [
        "repeated n-grams count again by default; with self-hash n-grams that differ still share coins",
        "the normal tail understates p, and γ is the nominal ratio",
      ],
    };
  },
};
