import {
  type Key,
  type Profile,
  type Scheme,
  type Tokens,
  bindScheme,
  coinsOf,
  peerKey,
  seedArrays,
  textOrHexKey,
} from "@verdigris/core";
import { TorchGenerator, createPlainTorchLists, dipSeed } from "@verdigris/core/primitives";
import { gammaLog10Q } from "../statistics/index.js";
import { zOf } from "./n-grams.js";
import type { PeerDetector } from "./peer-detector.js";

/** Flags as MarkLLM returns them: −1 where a position is not scored. */
export interface MarkLlmFlags {
  readonly flags: readonly number[];
  readonly zScore: number;
}

/** KGW and Unigram: every position after the first h, repeated ones included. */
export function markLlmGreen(scheme: Scheme, tokens: Tokens, gamma: number): MarkLlmFlags {
  const scores = Array.from(coinsOf(scheme, tokens).score);
  const green = scores.reduce((sum, flag) => sum + flag, 0);
  return {
    flags: [...Array.from({ length: scheme.h }, () => -1), ...scores],
    zScore: zOf(green, scores.length, gamma),
  };
}

/** SWEET: z over positions whose entropy is above a threshold. `weights`: 1 where counted. */
export function markLlmSweet(
  scheme: Scheme,
  tokens: Tokens,
  options: {
    readonly gamma: number;
    readonly entropy: readonly number[];
    readonly threshold: number;
  },
): MarkLlmFlags & { readonly weights: readonly number[] } {
  const { gamma, entropy, threshold } = options;
  const { flags } = markLlmGreen(scheme, tokens, gamma);
  const weights = flags.map((flag, t) => (flag < 0 ? -1 : entropy[t] > threshold ? 1 : 0));
  const counted = flags.filter((_, t) => weights[t] === 1);
  const green = counted.reduce((sum, flag) => sum + flag, 0);
  return { flags, weights, zScore: zOf(green, counted.length, gamma) };
}

/** EWD: z of a sum weighted by entropy above its least. */
export function markLlmEwd(
  scheme: Scheme,
  tokens: Tokens,
  options: { readonly gamma: number; readonly entropy: readonly number[] },
): MarkLlmFlags {
  const { gamma, entropy } = options;
  const { flags } = markLlmGreen(scheme, tokens, gamma);
  const least = Math.min(...entropy.slice(scheme.h));
  let [green, all, squares] = [0, 0, 0];
  for (let t = scheme.h; t < tokens.length; t++) {
    const weight = entropy[t] - least;
    green += weight * flags[t];
    all += weight;
    squares += weight * weight;
  }
  return { flags, zScore: (green - gamma * all) / Math.sqrt(gamma * (1 - gamma) * squares) };
}

/**
 * What MarkLLM's SWEET or EWD prints for a text, from the entropies a model gave: Shannon or spike, as the scheme asks for
 * (`modelFigures`). NaN where no position counts.
 */
export function markLlmModelScore(
  scheme: Scheme,
  tokens: Tokens,
  figures: ArrayLike<number>,
): number {
  const { gamma, entropyThreshold: threshold } = scheme.profile.parameters as {
    gamma: number;
    entropyThreshold: number | null;
  };
  const entropy = Array.from(figures);
  return threshold === null
    ? markLlmEwd(scheme, tokens, { gamma, entropy }).zScore
    : markLlmSweet(scheme, tokens, { gamma, entropy, threshold }).zScore;
}

/** DiP's key and how it reads a text. */
export interface DipOptions {
  readonly key: Uint8Array;
  readonly V: number;
  readonly h: number;
  readonly gamma: number;
  /** Counts contexts that repeat, too. */
  readonly ignoreHistory: boolean;
}

/**
 * DiP: z without the variance of a coin. The first h positions count with what context they have (the very first as
 * not green), though their flags are −1.
 */
export function markLlmDip(tokens: Tokens, options: DipOptions): MarkLlmFlags {
  const { key, V, h, gamma, ignoreHistory } = options;
  const full = dipSeed(key, h);
  const seedLo = Uint32Array.from(tokens, (_, t) => (t < h ? dipSeed(key, t) : full)(tokens, t));
  const positions = new Uint32Array(tokens.length);
  createPlainTorchLists().positions({ seedLo, token: tokens, n: tokens.length }, V, positions);
  const seen = new Set<string>();
  const flags = Array.from(positions, (position, t) => {
    const context = tokens.subarray(Math.max(0, t - h), t).join();
    if (!ignoreHistory && seen.has(context)) return -1;
    seen.add(context);
    return t > 0 && (position + 1) / V >= gamma ? 1 : 0;
  });
  const counted = flags.filter((flag) => flag >= 0);
  const green = counted.reduce<number>((sum, flag) => sum + flag, 0);
  return {
    flags: flags.map((flag, t) => (t < h ? -1 : flag)),
    zScore: (green - (1 - gamma) * counted.length) / Math.sqrt(counted.length),
  };
}

/** EXP: the Gamma tail over every position after the first h. */
export function markLlmExpP(scheme: Scheme, tokens: Tokens): number {
  const { score } = coinsOf(scheme, tokens);
  return (
    10 **
    gammaLog10Q(
      score.reduce((sum, value) => sum + value, 0),
      score.length,
    )
  );
}

/** The table of EXPGumbel: a row of V uniforms for every sum of `width` token ids. */
export function expGumbelRow(seed: bigint, V: number, sum: number): Float32Array {
  const generator = new TorchGenerator(seed);
  generator.skip(sum * V);
  return Float32Array.from({ length: V }, () => generator.f32());
}

/** EXPGumbel: p of Σ −ln(1 − u), u in the row of the sum of the last `width` ids. */
export function expGumbelP(
  tokens: Tokens,
  { seed, V, width }: { readonly seed: bigint; readonly V: number; readonly width: number },
): number {
  let score = 0;
  for (let t = width; t < tokens.length; t++) {
    const sum = tokens.subarray(t - width, t).reduce((all, id) => all + id, 0);
    score -= Math.log1p(-expGumbelRow(seed, V, sum)[tokens[t]]);
  }
  return 10 ** gammaLog10Q(score, tokens.length - width);
}

/** PF (permute and flip): Σ −ln r, from position h + 1 on; `distinct`: each window and token once. */
export function permuteAndFlip(
  scheme: Scheme,
  tokens: Tokens,
  distinct: boolean,
): { readonly scored: number; readonly sum: number } {
  const from = scheme.h + 1;
  const n = tokens.length - from;
  const score = new Float64Array(n);
  const seeds = seedArrays(scheme, n);
  scheme.seeds(tokens, from, seeds);
  scheme.scores({ ...seeds, token: tokens.subarray(from), n }, score);
  const seen = new Set<string>();
  let [scored, sum] = [0, 0];
  for (let i = 0; i < n; i++) {
    const window = tokens.subarray(i + 1, i + from + 1).join();
    if (distinct && seen.has(window)) continue;
    seen.add(window);
    scored++;
    // The scheme's score is −ln(1 − r).
    sum -= Math.log(-Math.expm1(-score[i]));
  }
  return { scored, sum };
}

/** MarkLLM's detectors of marks without a model. */
export const markLlm: PeerDetector = {
  schemes: ["markllm-green-list", "unigram", "markllm-exp", "dip"],
  report(profile: Profile, key: Key, tokens: Tokens) {
    const scheme = bindScheme(profile, key);
    const { gamma = 0.5 } = profile.parameters as { gamma?: number };
    if (profile.scheme === "markllm-exp") {
      return {
        peer: "MarkLLM 112fa741",
        figures: { p_value: markLlmExpP(scheme, tokens) },
        caveats: CAVEATS,
      };
    }
    const { zScore } =
      profile.scheme === "dip"
        ? markLlmDip(tokens, {
            key: peerKey(textOrHexKey, key),
            V: profile.V,
            h: profile.h,
            gamma,
            ignoreHistory: false,
          })
        : markLlmGreen(scheme, tokens, gamma);
    const threshold = profile.scheme === "dip" ? 1.513 : 4;
    return {
      peer: "MarkLLM 112fa741",
      figures: { score: zScore, is_watermarked: zScore > threshold },
      caveats: CAVEATS,
    };
  },
};

const CAVEATS = [
  "repeated coins count again",
  "z has no p-value; DiP's z lacks the variance of a coin",
];
