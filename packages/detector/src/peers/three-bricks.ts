import {
  type Key,
  type Profile,
  type Scheme,
  type Tokens,
  bindScheme,
  seedArrays,
} from "@verdigris/core";
import { binomialLog10P, gammaLog10Q } from "../statistics/index.js";
import { normalTail } from "./n-grams.js";
import type { PeerDetector } from "./peer-detector.js";

/** Which repeated windows three_bricks leaves out: none, by context (v1), by context and token (v2). */
export type ThreeBricksScoring = "none" | "v1" | "v2";

/** Scores under one payload. */
export interface ThreeBricksScore {
  readonly scored: number;
  readonly sum: number;
}

/** Sum of scores of three_bricks: it starts one position late, at h + 1. */
export function threeBricksScore(
  scheme: Scheme,
  tokens: Tokens,
  scoring: ThreeBricksScoring,
): ThreeBricksScore {
  const { h } = scheme;
  const from = h + 1;
  const n = Math.max(0, tokens.length - from);
  const seeds = seedArrays(scheme, n);
  const score = new Float64Array(n);
  if (n > 0) {
    scheme.seeds(tokens, from, seeds);
    scheme.scores({ ...seeds, token: tokens.subarray(from), n }, score);
  }
  const seen = new Set<string>();
  let [scored, sum] = [0, 0];
  for (let i = 0; i < n; i++) {
    const window = tokens.subarray(from + i - h, from + i + (scoring === "v2" ? 1 : 0)).join();
    if (scoring !== "none" && seen.has(window)) continue;
    seen.add(window);
    scored++;
    sum += score[i];
  }
  return { scored, sum };
}

/** Names of three_bricks' detectors; the two ending in Z use a normal tail. */
export type ThreeBricksDetector =
  | "MarylandDetector"
  | "MarylandDetectorZ"
  | "OpenaiDetector"
  | "OpenaiDetectorZ";

/** Their p-values. OpenaiDetectorZ takes π/√6 for the deviation of a unit exponential, which is 1. */
export function threeBricksP(
  detector: ThreeBricksDetector,
  { scored, sum }: ThreeBricksScore,
  gamma: number,
): number {
  switch (detector) {
    case "MarylandDetector":
      return 10 ** binomialLog10P(sum, scored, gamma);
    case "MarylandDetectorZ":
      return normalTail((sum / scored - gamma) / Math.sqrt((gamma * (1 - gamma)) / scored));
    case "OpenaiDetector":
      return scored === 0 ? NaN : 10 ** gammaLog10Q(sum, scored);
    case "OpenaiDetectorZ":
      return normalTail(((sum / scored - 1) * Math.sqrt(scored)) / (Math.PI / Math.sqrt(6)));
  }
}

/** three_bricks with its best option, v2. */
export const threeBricks: PeerDetector = {
  schemes: ["three-bricks-green-list", "three-bricks-gumbel"],
  report(profile: Profile, key: Key, tokens: Tokens) {
    const score = threeBricksScore(bindScheme(profile, key), tokens, "v2");
    const { gamma = 0.5 } = profile.parameters as { gamma?: number };
    const green = profile.scheme === "three-bricks-green-list";
    const detector = green ? "MarylandDetector" : "OpenaiDetector";
    const normal = green ? "MarylandDetectorZ" : "OpenaiDetectorZ";
    return {
      peer: "three_bricks ee9c7a28",
      figures: {
        ntoks: score.scored,
        score: score.sum,
        p_value: threeBricksP(detector, score, gamma),
        "p_value (z-test)": threeBricksP(normal, score, gamma),
      },
      caveats: [
        "the first scorable token is left out",
        "its own p-values are float32: 0 below some 1e-45",
      ],
    };
  },
};
