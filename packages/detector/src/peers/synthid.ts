import type { Key, Profile, Tokens } from "@verdigris/core";
import { type SynthIdPrf, SynthIdHistory, word64 } from "@verdigris/core/primitives";
import { synthIdPrfOf } from "../synthid-prf.js";
import type { PeerDetector } from "./peer-detector.js";

/** What SynthID's detectors are computed from. */
export interface SynthIdMasks {
  /** g-values, a word per n-gram, layer l in bit l. (T − h) */
  readonly words: Uint32Array;
  /** 1 where the context is new. (T − h) */
  readonly repetition: Uint8Array;
  /** 1 before the first EOS. (T − h) */
  readonly eos: Uint8Array;
  readonly combined: Uint8Array;
}

/** g-values and masks of a text. `historySize`: contexts remembered, 1,024 in the releases. */
export function synthIdMasks(
  prf: SynthIdPrf,
  tokens: Tokens,
  options: { readonly h: number; readonly eosToken: number | null; readonly historySize: number },
): SynthIdMasks {
  const { h, eosToken, historySize } = options;
  const n = Math.max(0, tokens.length - h);
  const end = eosToken === null ? -1 : tokens.indexOf(eosToken);
  const history = new SynthIdHistory(historySize);
  const [words, repetition, eos] = [new Uint32Array(n), new Uint8Array(n), new Uint8Array(n)];
  const state = word64();
  for (let i = 0; i < n; i++) {
    prf.state(tokens, { start: i, end: i + h }, state);
    repetition[i] = history.repeats(state) ? 0 : 1;
    prf.push(state, tokens[i + h]);
    words[i] = prf.word(state);
    eos[i] = end < 0 || i + h < end ? 1 : 0;
  }
  return { words, repetition, eos, combined: repetition.map((one, i) => one & eos[i]) };
}

/** Σ w_l g_l m / (D Σ m) with weights that sum to D: all 1 for the mean, 10 … 1 scaled for the weighted mean. */
export function synthIdScore(
  words: Uint32Array,
  mask: Uint8Array,
  { depth, weighted }: { readonly depth: number; readonly weighted: boolean },
): number {
  const raw = Array.from({ length: depth }, (_, l) =>
    weighted && depth > 1 ? 10 - (9 * l) / (depth - 1) : 1,
  );
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  let [sum, scored] = [0, 0];
  for (let i = 0; i < words.length; i++) {
    if (mask[i] === 0) continue;
    scored++;
    for (let l = 0; l < depth; l++) sum += (((words[i] >>> l) & 1) * raw[l] * depth) / total;
  }
  return sum / (depth * scored);
}

/** The mean and weighted mean of transformers and synthid-text: scores without a p-value. */
export const synthIdPeer: PeerDetector = {
  schemes: ["synthid"],
  report(profile: Profile, key: Key, tokens: Tokens) {
    const prf = synthIdPrfOf(profile, key);
    const { depth } = prf;
    const chain = profile.prf === "synthid-chain-v1";
    const { words, combined } = synthIdMasks(prf, tokens, {
      h: profile.h,
      eosToken: null,
      historySize: 1024,
    });
    return {
      peer: chain ? "synthid-text addb4a15" : "transformers 5.23.0, synthid-text 0.2.1",
      figures: {
        scored: combined.reduce((sum, one) => sum + one, 0),
        mean_score: synthIdScore(words, combined, { depth, weighted: false }),
        weighted_mean_score: synthIdScore(words, combined, { depth, weighted: true }),
      },
      caveats: [
        "a score has no p-value: thresholds are left to the user",
        "contexts count once, coins may repeat",
      ],
    };
  },
};
