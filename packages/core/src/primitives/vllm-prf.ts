import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import type { Word64 } from "./int64.js";
import { philox4x32 } from "./philox.js";

/** Word that stands for a missing token. */
export const PADDING = 0xffff_ffff;

/**
 * vLLM's PRF `philox4x32-10-v1`: a context becomes a state of four words, state and token a word, a word a uniform in
 * (0, 1). Checked against vLLM 0.33.0.
 */
export interface VllmPrf {
  /** State of a context: the `width` words that end before `end`; PADDING for places before the start. */
  state(words: Uint32Array, end: number, out: Uint32Array): void; // out (4)
  /** The word of a token under a state. */
  word(state: Uint32Array, token: number): number;
}

/** The PRF under a 64-bit key, low and high word, and a context width. */
export function vllmPrf(key: { readonly lo: number; readonly hi: number }, width: number): VllmPrf {
  const block = new Uint32Array(4);
  return {
    state(words, end, out): void {
      out[0] = 0x574d_4358;
      out[1] = width;
      out[2] = out[3] = 0;
      for (let o = 0; o < width; o += 4) {
        for (let i = 0; i < 4; i++) {
          const at = end - width + o + i;
          const word = o + i >= width ? PADDING - i : at < 0 ? PADDING : words[at];
          out[i] ^= word;
        }
        philox4x32(out, key.lo ^ o, key.hi);
      }
    },
    word(state, token): number {
      block[0] = token >>> 2;
      block[1] = state[0];
      block[2] = state[1];
      block[3] = state[2];
      philox4x32(block, key.lo ^ state[3], key.hi ^ 0x574d_544b);
      return block[token & 3];
    },
  };
}

/** vLLM's uniform of a word: float32 of ((word >> 8) + 1) / (2^24 + 1), always in (0, 1). */
export function vllmUniform(word: number): number {
  return Math.fround(((word >>> 8) + 1) / (2 ** 24 + 1));
}

/**
 * vLLM's two keys from one: the first 8 bytes, big-endian, of SHA-256 of "key_a" or "key_b" and the key's 8 bytes.
 */
export function vllmDualKeys(key: bigint): readonly [Word64, Word64] {
  const derive = (domain: string): Word64 => {
    const message = new Uint8Array(domain.length + 8);
    message.set(utf8ToBytes(domain));
    new DataView(message.buffer).setBigUint64(domain.length, key);
    const digest = sha256(message);
    const view = new DataView(digest.buffer, digest.byteOffset);
    return { hi: view.getUint32(0), lo: view.getUint32(4) };
  };
  return [derive("key_a"), derive("key_b")];
}
