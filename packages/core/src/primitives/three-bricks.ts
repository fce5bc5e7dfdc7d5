import { type Word64, add, multiplyFolded, setNumber, word64 } from "./int64.js";

/** Modulus of the hash, as words: 2^64 − 1. */
const ALL = 0xffff_ffff;

/**
 * three_bricks' `hash` seeding: s ← (s · salt + id) mod (2^64 − 1) over the last `width` tokens before `end`, from the
 * seed. Written to `out`.
 */
export function threeBricksSeed(
  key: { readonly salt: bigint; readonly seed: bigint },
  width: number,
): (tokens: Uint32Array, end: number, out: Word64) => void {
  const modulus = 2n ** 64n - 1n;
  const salt = word64(key.salt % modulus);
  const start = word64(key.seed % modulus);
  const id = word64();
  return (tokens, end, out) => {
    out.lo = start.lo;
    out.hi = start.hi;
    for (let i = end - width; i < end; i++) {
      multiplyFolded(out, salt, out);
      setNumber(id, tokens[i]);
      add(out, id, out);
      // 2^64 counts as 1: a sum that wrapped around lost it.
      if (out.hi === 0 && out.lo < id.lo) out.lo++;
      if (out.hi === ALL && out.lo === ALL) out.lo = out.hi = 0;
    }
  };
}
