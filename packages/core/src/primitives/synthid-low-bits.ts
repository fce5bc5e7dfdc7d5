import { spreadSeed } from "./int64.js";
import type { SynthIdBatches, SynthIdPrf } from "./synthid.js";

/** Multiplier M of SynthID's congruential generator: h ← (h + t) M + 1 mod 2^64. */
export const SYNTHID_MULTIPLIER = 6364136223846793005n;

/** The generator's low bits depend on low bits alone, so 32-bit arithmetic will do. */
const M = Number(BigInt.asIntN(32, SYNTHID_MULTIPLIER));

/**
 * SynthID's g-values where a table of at most 2^16 entries, a power of two, leaves only a state's low bits: the word of
 * each state is computed once. `start`: the state before any token.
 */
export function lowBits(
  table: Uint8Array,
  keys: readonly bigint[],
  start: number,
): Pick<SynthIdPrf, SynthIdBatches> {
  const words = wordsOf(table, keys);
  const mask = words.length - 1;
  return {
    word: (state) => words[state.lo & mask],
    states: slidingStates(start, mask),
    scorer(score) {
      let scores: Float64Array | null = null; // made for the first coins: who only embeds needs none
      return ({ seedLo, n }, out) => {
        scores ??= Float64Array.from(words, score);
        for (let i = 0; i < n; i++) out[i] = scores[seedLo[i] & mask];
      };
    },
    candidateWords(state, ids, out) {
      const low = state.lo | 0;
      const after = (token: number): number => words[(Math.imul(low + token, M) + 1) & mask];
      if (ids !== undefined) {
        for (let i = 0; i < out.length; i++) out[i] = after(ids[i]);
        return;
      }
      const turn = Math.min(out.length, words.length); // tokens a turn apart are one
      for (let i = 0; i < turn; i++) out[i] = after(i);
      for (let i = turn; i < out.length; i += turn) {
        out.copyWithin(i, 0, Math.min(turn, out.length - i));
      }
    },
  };
}

/** The word of every state. */
function wordsOf(table: Uint8Array, keys: readonly bigint[]): Uint32Array {
  const words = new Uint32Array(table.length);
  const mask = table.length - 1;
  // What is found one step after each sum of a state and a key.
  const found = new Uint8Array(table.length);
  for (let sum = 0; sum <= mask; sum++) found[sum] = table[(Math.imul(sum, M) + 1) & mask];
  keys.forEach((key, layer) => {
    const k = Number(BigInt.asUintN(16, key));
    for (let state = 0; state <= mask; state++) words[state] |= found[(state + k) & mask] << layer;
  });
  return words;
}

/**
 * The low bits of the states, spread over both words. A window's hash is that of zeros and a sum of its tokens by powers
 * of M, in which the newest takes the place of the oldest.
 */
function slidingStates(start: number, mask: number): SynthIdPrf["states"] {
  return (tokens, { from, h }, { seedLo, seedHi }) => {
    let [zeros, power] = [start, 1];
    for (let i = 0; i <= h; i++) {
      zeros = (Math.imul(zeros, M) + 1) | 0;
      power = Math.imul(power, M);
    }
    let sum = 0;
    for (let t = from - h; t < from; t++) sum = Math.imul(sum + tokens[t], M);
    for (let t = from; t < tokens.length; t++) {
      sum = Math.imul(sum + tokens[t], M);
      const low = (sum + zeros) & mask;
      seedLo[t - from] = low;
      seedHi[t - from] = spreadSeed(low);
      sum = (sum - Math.imul(tokens[t - h], power)) | 0;
    }
  };
}
