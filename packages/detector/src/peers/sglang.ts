import {
  type Key,
  type Profile,
  type Tokens,
  peerKey,
  hexPairKey,
  hexWordKey,
} from "@verdigris/core";
import { type Word64, murmur3, sglangCoin, sglangUniform } from "@verdigris/core/primitives";
import { gammaLog10Q } from "../statistics/index.js";
import type { PeerDetector } from "./peer-detector.js";

/** One Gamma test of SGLang's. */
export interface SglangTest {
  readonly n: number;
  readonly score: number;
  readonly z: number;
  readonly p: number;
  readonly logP: number;
}

/** What SGLang's detector reports; the last four with two keys only. */
export interface SglangDetection {
  readonly combined: SglangTest;
  readonly keyAAll: SglangTest;
  readonly keyBAll?: SglangTest;
  readonly keyAPartition?: SglangTest;
  readonly keyBPartition?: SglangTest;
  readonly prefixLimitReached: boolean;
  readonly tokensExamined: number;
  readonly repeatedContexts: number;
  readonly skippedInitialTokens: number;
}

/** The mark and how much of a text is looked at. */
export interface SglangOptions {
  /** One key, or two with a mixing probability. */
  readonly keys: readonly Word64[];
  readonly mixingProbability: number | null;
  readonly contextWindow: number;
  /** Distinct contexts after which it stops. */
  readonly maxContexts: number;
  readonly prompt: Tokens;
}

/** SGLang 0.5.23: each exact context once; contexts reach into the prompt, without one the first are skipped. */
export function sglangDetect(output: Tokens, options: SglangOptions): SglangDetection {
  const { keys, contextWindow: h, maxContexts, prompt } = options;
  const kept = prompt.subarray(Math.max(0, prompt.length - h));
  const tokens = Uint32Array.of(...kept, ...output);
  const skipped = prompt.length > 0 ? 0 : Math.min(h, output.length);
  const seen = new Set<string>();
  const sums = { a: new Sum(), b: new Sum(), partA: new Sum(), partB: new Sum() };
  let [examined, repeated, limited] = [skipped, 0, false];
  for (let t = kept.length + skipped; t < tokens.length; t++) {
    if (seen.size >= maxContexts) {
      limited = true;
      break;
    }
    examined++;
    const context = tokens.subarray(Math.max(0, t - h), t);
    const name = context.join();
    if (seen.has(name)) {
      repeated++;
      continue;
    }
    seen.add(name);
    const { a, b, first } = scored(murmur3(context), tokens[t], options);
    sums.a.add(a);
    sums.b.add(b);
    if (first) sums.partA.add(a);
    else sums.partB.add(b);
  }
  const [keyBAll, keyAPartition, keyBPartition] = [sums.b, sums.partA, sums.partB].map((sum) =>
    sum.test(),
  );
  return {
    combined: sums.partA.with(sums.partB).test(),
    keyAAll: sums.a.test(),
    ...(keys.length === 2 ? { keyBAll, keyAPartition, keyBPartition } : {}),
    prefixLimitReached: limited,
    tokensExamined: examined,
    repeatedContexts: repeated,
    skippedInitialTokens: skipped,
  };
}

/** A position's score under both keys, and whether the first one counts. */
function scored(
  hash: number,
  token: number,
  { keys, mixingProbability }: SglangOptions,
): { readonly a: number; readonly b: number; readonly first: boolean } {
  const [a, b = 0] = keys.map(
    ({ lo, hi }) => -Math.log1p(-sglangUniform(murmur3([lo, hi, hash, token]))),
  );
  const threshold = Math.floor((mixingProbability ?? 1) * 2 ** 32);
  return { a, b, first: keys.length === 1 || sglangCoin(keys, hash) < threshold };
}

/** A running sum of unit exponentials. */
class Sum {
  #n = 0;
  #score = 0;

  add(score: number): void {
    this.#n++;
    this.#score += score;
  }

  with(other: Sum): Sum {
    const sum = new Sum();
    sum.#n = this.#n + other.#n;
    sum.#score = this.#score + other.#score;
    return sum;
  }

  test(): SglangTest {
    const [n, score] = [this.#n, this.#score];
    if (n === 0) return { n, score: 0, z: 0, p: 1, logP: 0 };
    const logP = Math.min(0, gammaLog10Q(score, n) * Math.LN10);
    return { n, score, z: (score - n) / Math.sqrt(n), p: Math.exp(logP), logP };
  }
}

/** SGLang's detector on a text whose prompt is not known. */
export const sglang: PeerDetector = {
  schemes: ["sglang-gumbel"],
  report(profile: Profile, key: Key, tokens: Tokens) {
    const { mixingProbability } = profile.parameters as { mixingProbability: number | null };
    const keys = mixingProbability === null ? [peerKey(hexWordKey, key)] : peerKey(hexPairKey, key);
    const { combined, repeatedContexts, skippedInitialTokens } = sglangDetect(tokens, {
      keys,
      mixingProbability,
      contextWindow: profile.h,
      maxContexts: 4096,
      prompt: new Uint32Array(0),
    });
    const { n, score, z, p, logP } = combined;
    return {
      peer: "SGLang 0.5.23",
      figures: {
        n,
        score,
        z,
        p,
        log_p: logP,
        repeated_contexts: repeatedContexts,
        skipped_initial_tokens: skippedInitialTokens,
      },
      caveats: [
        "each context is scored once, whatever follows it; it stops at 4,096 contexts",
        "its uniform is half a step above ours: the score is larger by less than 1e-9 a token",
      ],
    };
  },
};
