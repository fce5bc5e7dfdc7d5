import { type Key, type Profile, type Tokens, integerKey, peerKey } from "@verdigris/core";
import { TEXTSEAL_LEVELS, textSealHash, word64 } from "@verdigris/core/primitives";
import { binomialLog10P, gammaLog10Q } from "../statistics/index.js";
import { normalTail } from "./n-grams.js";
import type { PeerDetector } from "./peer-detector.js";

/** TextSeal's marks. */
export type TextSealMark =
  | "greenlist"
  | "gumbelmax"
  | "synthid"
  | "synthid-weighted"
  | "dipmark"
  | "morphmark";

/** How TextSeal 0.0.5 reads a text. */
export interface TextSealOptions {
  readonly mark: TextSealMark;
  readonly key: bigint;
  /** `ngram`: tokens before the scored one. */
  readonly h: number;
  readonly gamma: number;
  /** Layers of the SynthID marks. */
  readonly depth: number;
  /** v1 by window, v2 by window and token; without effect unless `seenWindows`. */
  readonly scoring: "none" | "v1" | "v2";
  readonly seenWindows: boolean;
}

/** TextSeal's figures. */
export interface TextSealDetection {
  readonly scored: number;
  readonly sum: number;
  readonly pValue: number;
  /** 1 where a token was scored, from the first. (T) */
  readonly mask: Uint8Array;
}

/** TextSeal 0.0.5's detector. It starts one position late, at h + 1. */
export function textSealDetect(tokens: Tokens, options: TextSealOptions): TextSealDetection {
  const { h, scoring, seenWindows } = options;
  const score = scorer(options);
  const seen = new Set<string>();
  const mask = new Uint8Array(tokens.length);
  let [scored, sum] = [0, 0];
  for (let t = h + 1; t < tokens.length; t++) {
    const window = tokens.subarray(t - h, t + (scoring === "v2" ? 1 : 0)).join();
    if (seenWindows && scoring !== "none" && seen.has(window)) continue;
    seen.add(window);
    mask[t] = 1;
    scored++;
    sum += score(tokens, t);
  }
  return { scored, sum, pValue: pValue(options, scored, sum), mask };
}

/** The uniform of a window and a token, float32. */
export function textSealUniform(
  key: bigint,
  h: number,
): (tokens: Tokens, end: number, token: number) => number {
  const hash = textSealHash(key);
  const window = word64();
  return (tokens, end, token) => {
    hash.window(tokens, { start: end - h, end }, window);
    return Math.fround(hash.level(window, token) / TEXTSEAL_LEVELS);
  };
}

function scorer({
  mark,
  key,
  h,
  gamma,
  depth,
}: TextSealOptions): (tokens: Tokens, t: number) => number {
  const uniform = textSealUniform(key, h);
  switch (mark) {
    case "gumbelmax":
      return (tokens, t) => -Math.log1p(-uniform(tokens, t, tokens[t]));
    case "synthid":
    case "synthid-weighted": {
      const weights = textSealWeights(mark, depth);
      return (tokens, t) =>
        weights.reduce(
          (sum, weight, d) => sum + (uniform(tokens, t, tokens[t] + d) < gamma ? weight : 0),
          0,
        );
    }
    default:
      return (tokens, t) => (uniform(tokens, t, tokens[t]) < gamma ? 1 : 0);
  }
}

/** Layer weights: 1 each, or 10 … 1 with mean 1. */
function textSealWeights(mark: TextSealMark, depth: number): readonly number[] {
  if (mark === "synthid" || depth === 1) return Array.from({ length: depth }, () => 1);
  const raw = Array.from({ length: depth }, (_, l) => 10 - (9 * l) / (depth - 1));
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  return raw.map((weight) => (weight * depth) / total);
}

/** Mid-p binomial tails (half of the observed count's own probability left out), Gamma for Gumbel, normal for weights. */
function pValue({ mark, gamma, depth }: TextSealOptions, n: number, sum: number): number {
  switch (mark) {
    case "gumbelmax":
      return 10 ** gammaLog10Q(sum, n);
    case "synthid-weighted": {
      const squares = textSealWeights(mark, depth).reduce(
        (all, weight) => all + weight * weight,
        0,
      );
      return normalTail((sum - n * depth * gamma) / Math.sqrt(n * squares * gamma * (1 - gamma)));
    }
    case "synthid":
      return midP(sum, n * depth, gamma);
    default:
      return midP(sum, n, gamma);
  }
}

function midP(k: number, n: number, p: number): number {
  const tail = (at: number): number => (at > n ? 0 : 10 ** binomialLog10P(at, n, p));
  return (tail(k) + tail(k + 1)) / 2;
}

/** TextSeal's names of the marks that have one. */
const MARKS: Readonly<Record<string, TextSealMark>> = {
  "textseal-green-list": "greenlist",
  "textseal-gumbel": "gumbelmax",
};

/** TextSeal's detector as its documentation calls it: v2, which without a list of seen windows counts everything. */
export const textSeal: PeerDetector = {
  schemes: ["textseal-green-list", "textseal-gumbel", "textseal-synthid"],
  report(profile: Profile, key: Key, tokens: Tokens) {
    const {
      gamma = 0.5,
      depth = 1,
      statistic,
    } = profile.parameters as { gamma?: number; depth?: number; statistic?: string };
    const {
      scored,
      sum,
      pValue: p,
    } = textSealDetect(tokens, {
      mark: MARKS[profile.scheme] ?? (statistic === "mean" ? "synthid" : "synthid-weighted"),
      key: peerKey(integerKey({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), key),
      h: profile.h,
      gamma,
      depth,
      scoring: "v2",
      seenWindows: false,
    });
    return {
      peer: "TextSeal 0.0.5",
      figures: { n_scored: scored, score: sum, p_value: p },
      caveats: [
        "its de-duplication does nothing unless the caller passes the windows seen",
        "the mid-p of a green list is below the exact tail",
      ],
    };
  },
};
