import { mulHigh } from "./int64.js";

/**
 * Philox4x32-10 (Salmon et al. 2011): ten rounds over a counter of four words under a key of two. `counter` is replaced
 * by the output. Not cryptographic.
 */
export function philox4x32(counter: Uint32Array, key0: number, key1: number): void {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = [key0, key1];
  for (let round = 0; round < 10; round++) {
    const [h0, l0] = [mulHigh(0xd251_1f53, c0), Math.imul(0xd251_1f53, c0)];
    const [h1, l1] = [mulHigh(0xcd9e_8d57, c2), Math.imul(0xcd9e_8d57, c2)];
    c0 = h1 ^ c1 ^ k0;
    c2 = h0 ^ c3 ^ k1;
    c1 = l1;
    c3 = l0;
    k0 = (k0 + 0x9e37_79b9) | 0;
    k1 = (k1 + 0xbb67_ae85) | 0;
  }
  counter[0] = c0;
  counter[1] = c1;
  counter[2] = c2;
  counter[3] = c3;
}
