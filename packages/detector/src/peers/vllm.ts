import { type Key, type Profile, type Tokens, integerKey, peerKey } from "@verdigris/core";
import {
  PADDING,
  type Word64,
  jenkins,
  sbwBelow,
  sbwBits,
  sbwSeed,
  vllmDualKeys,
  vllmPrf,
  vllmUniform,
  word64,
} from "@verdigris/core/primitives";
import { binomialLog10P, gammaLog10Q } from "../statistics/index.js";
import { normalTail, zOf } from "./n-grams.js";
import type { PeerDetector } from "./peer-detector.js";

/** How vLLM walks a text: every position has a context of `width` tokens, padded before the start. */
export interface VllmWalk {
  readonly width: number;
  /** Only the first occurrence of each context is scored. */
  readonly deduplicate: boolean;
}

/** vLLM's figures of a Gumbel mark. */
export interface VllmDetection {
  readonly scored: number;
  readonly score: number;
  readonly pValue: number;
}

/** The positions vLLM scores. */
function positions(tokens: Tokens, { width, deduplicate }: VllmWalk): readonly number[] {
  const seen = new Set<string>();
  return [...tokens.keys()].filter((t) => {
    const context = vllmContext(tokens.subarray(0, t), width).join();
    if (deduplicate && seen.has(context)) return false;
    seen.add(context);
    return true;
  });
}

/** The context after some tokens: the last `width`, PADDING before the start. (width) */
export function vllmContext(tokens: Tokens, width: number): Uint32Array {
  const out = new Uint32Array(width).fill(PADDING);
  const last = tokens.subarray(Math.max(0, tokens.length - width));
  out.set(last, width - last.length);
  return out;
}

/**
 * `gumbel` (alpha null) and `dual_key_gumbel` of vLLM 0.33.0. With two keys the p-value is that of a Gamma with the
 * mixture's mean and variance, exact for alpha in {0, ½, 1} only.
 */
export function vllmGumbelDetect(
  tokens: Tokens,
  key: bigint,
  { alpha, ...walk }: VllmWalk & { readonly alpha: number | null },
): VllmDetection {
  const [a, b] = vllmDualKeys(key);
  const parts: readonly (readonly [Word64, number])[] =
    alpha === null
      ? [[word64(key), 1]]
      : [
          [a, 1 - alpha],
          [b, alpha],
        ];
  const prfs = parts.map(([part, weight]) => ({ prf: vllmPrf(part, walk.width), weight }));
  const state = new Uint32Array(4);
  let score = 0;
  const scored = positions(tokens, walk);
  for (const t of scored) {
    for (const { prf, weight } of prfs) {
      prf.state(tokens, t, state);
      if (weight > 0) score -= weight * Math.log1p(-vllmUniform(prf.word(state, tokens[t])));
    }
  }
  const variance = parts.reduce((sum, [, weight]) => sum + weight * weight, 0);
  const n = scored.length;
  const shape =
    alpha === null || [0, 0.5, 1].includes(alpha) ? Math.round(n / variance) : n / variance;
  return { scored: n, score, pValue: n === 0 ? 1 : 10 ** gammaLog10Q(score / variance, shape) };
}

/** Green counts of vLLM's green lists. */
export interface VllmGreen {
  readonly scored: number;
  readonly green: number;
  readonly pValue: number;
}

/** `red_green` (snapshot 381f945): exact binomial tail of uniforms below float32(γ). */
export function vllmRedGreenDetect(
  tokens: Tokens,
  key: bigint,
  { gamma, ...walk }: VllmWalk & { readonly gamma: number },
): VllmGreen {
  const prf = vllmPrf(word64(key), walk.width);
  const state = new Uint32Array(4);
  const scored = positions(tokens, walk);
  const green = scored.filter((t) => {
    prf.state(tokens, t, state);
    return vllmUniform(prf.word(state, tokens[t])) < Math.fround(gamma);
  }).length;
  const pValue = 10 ** binomialLog10P(green, scored.length, gamma);
  return { scored: scored.length, green, pValue };
}

/** Which rule of vLLM's sbw: the generator's, or the detector's, which hashes tokens under left hash. */
export type VllmSbwSide = "generator" | "detector";

/** Whether a token is green after a context (PADDING for missing tokens), by vLLM's sbw (snapshot caaac7c). */
export function vllmSbwGreen(
  key: bigint,
  mark: {
    readonly scheme: "lefthash" | "selfhash";
    readonly gamma: number;
    readonly side: VllmSbwSide;
  },
): (context: Uint32Array, token: number) => boolean {
  const { scheme, gamma, side } = mark;
  const selfhash = sbwSeed("anchored_minhash_prf", key, (value) => jenkins(value.lo));
  const out = word64();
  return (context, token) => {
    if (scheme === "selfhash") {
      const window = Uint32Array.of(...context.subarray(1), token);
      selfhash(window, { start: 0, end: window.length }, out);
      return sbwBelow(sbwBits(out, token), gamma);
    }
    const terms = Array.from(context, (id) => (side === "detector" ? jenkins(id) : id | 0));
    const sum = terms.reduce((all, term) => all + term, 0);
    return sbwBelow(sbwBits(word64(BigInt.asIntN(64, key * BigInt(sum))), token), gamma);
  };
}

/** vLLM's sbw detector: its own seeds, normal tail. */
export function vllmSbwDetect(
  tokens: Tokens,
  key: bigint,
  {
    scheme,
    gamma,
    ...walk
  }: VllmWalk & { readonly scheme: "lefthash" | "selfhash"; readonly gamma: number },
): VllmGreen {
  const isGreen = vllmSbwGreen(key, { scheme, gamma, side: "detector" });
  const scored = positions(tokens, walk);
  const green = scored.filter((t) =>
    isGreen(vllmContext(tokens.subarray(0, t), walk.width), tokens[t]),
  ).length;
  return { scored: scored.length, green, pValue: normalTail(zOf(green, scored.length, gamma)) };
}

const vllmKey = integerKey({ min: 0n, max: 2n ** 64n - 1n });

const CAVEATS = [
  "the first tokens are scored too, after a padded context",
  "each context is scored once, whatever follows it: fewer positions than ours",
];

/** vLLM's detectors with their default, each context once. */
export const vllm: PeerDetector = {
  schemes: ["vllm-gumbel", "vllm-red-green", "vllm-sbw"],
  report(profile: Profile, key: Key, tokens: Tokens) {
    const secret = peerKey(vllmKey, key);
    const { alpha = null, gamma = 0 } = profile.parameters as {
      alpha?: number | null;
      gamma?: number;
    };
    const walk = {
      width: profile.seeding === "self" ? profile.h + 1 : profile.h,
      deduplicate: true,
    };
    if (profile.scheme === "vllm-gumbel") {
      const { scored, score, pValue } = vllmGumbelDetect(tokens, secret, { ...walk, alpha });
      return {
        peer: "vLLM 0.33.0",
        figures: {
          num_scored_tokens: scored,
          score,
          p_value: pValue,
          is_watermarked: pValue <= 0.01,
        },
        caveats: alpha === null ? CAVEATS : [...CAVEATS, "the tail of two keys is approximate"],
      };
    }
    const scheme = profile.seeding === "self" ? "selfhash" : "lefthash";
    const { scored, green, pValue } =
      profile.scheme === "vllm-sbw"
        ? vllmSbwDetect(tokens, secret, { ...walk, scheme, gamma })
        : vllmRedGreenDetect(tokens, secret, { ...walk, gamma });
    return {
      peer: "vLLM, repository snapshot",
      figures: {
        num_scored_tokens: scored,
        num_green: green,
        p_value: pValue,
        is_watermarked: pValue <= 0.01,
      },
      caveats: CAVEATS,
    };
  },
};
