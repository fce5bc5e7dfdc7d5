/** Seeds of MarkLLM's marks. V: vocabulary size. */
import { sha256 } from "@noble/hashes/sha2.js";
import { hexToBytes } from "@noble/hashes/utils.js";

/** How MarkLLM's KGW makes a number of the last tokens. */
export const MARKLLM_F_SCHEMES = ["time", "additive", "skip", "min"] as const;
export type MarkLlmFScheme = (typeof MARKLLM_F_SCHEMES)[number];

/** f of the `width` tokens before `end`, an entry of the keyed permutation: `prf` = randperm(V) under the key. */
export function markLlmF(
  scheme: MarkLlmFScheme,
  width: number,
  prf: Uint32Array,
): (tokens: Uint32Array, end: number) => number {
  const V = prf.length;
  switch (scheme) {
    case "time":
      return (tokens, end) => prf[productModulo(tokens, { start: end - width, end }, V)];
    case "additive":
      return (tokens, end) => {
        let sum = 0;
        for (let i = end - width; i < end; i++) sum += tokens[i];
        return prf[sum % V];
      };
    case "skip":
      return (tokens, end) => prf[tokens[end - width]];
    case "min":
      return (tokens, end) => {
        let least = V;
        for (let i = end - width; i < end; i++) least = Math.min(least, prf[tokens[i]]);
        return least;
      };
  }
}

/** Product of tokens [start, end) modulo V. */
export function productModulo(
  tokens: Uint32Array,
  { start, end }: { readonly start: number; readonly end: number },
  V: number,
): number {
  let product = 1 % V;
  for (let i = start; i < end; i++) product = (product * tokens[i]) % V;
  return product;
}

/** Seed of DiP and the unbiased marks: SHA-256 of the last `width` ids as int64 and the key, big-endian, mod 2^32 − 1. */
export function dipSeed(
  key: Uint8Array,
  width: number,
): (tokens: Uint32Array, end: number) => number {
  const message = new Uint8Array(8 * width + key.length);
  message.set(key, 8 * width);
  const view = new DataView(message.buffer);
  return (tokens, end) => {
    for (let i = 0; i < width; i++) view.setUint32(8 * i, tokens[end - width + i], true);
    let seed = 0;
    // 2^32 is 1 modulo 2^32 − 1: the words add up.
    const digest = new DataView(sha256(message).buffer);
    for (let i = 0; i < 32; i += 4) seed += digest.getUint32(i);
    return seed % 0xffff_ffff;
  };
}

/** Unigram's numpy seed: the first four bytes, little-endian, of SHA-256 of the key as int64. */
export function unigramSeed(key: bigint): number {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, key, true);
  return new DataView(sha256(bytes).buffer).getUint32(0, true);
}

/** Bytes of hexadecimal digits. @throws Error if they are not an even number of hex digits */
export function hexBytes(text: string): Uint8Array {
  return hexToBytes(text);
}
