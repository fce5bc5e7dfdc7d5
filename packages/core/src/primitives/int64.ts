/**
 * 64-bit integers with wrap-around as two 32-bit words, for hot paths where BigInt is too slow. An operation writes
 * its result to a `Word64`, which may be one of its operands.
 */
export interface Word64 {
  lo: number;
  hi: number;
}

/** A 64-bit value; words are kept unsigned. */
export function word64(value: bigint | number = 0n): Word64 {
  const big = BigInt(value);
  return {
    lo: Number(BigInt.asUintN(32, big)),
    hi: Number(BigInt.asUintN(32, big >> 32n)),
  };
}

/** The value as an unsigned BigInt. */
export function toUnsigned({ lo, hi }: Word64): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

/** The value as a signed BigInt. */
export function toSigned(value: Word64): bigint {
  return BigInt.asIntN(64, toUnsigned(value));
}

/** High word of the 64-bit product of two unsigned 32-bit numbers. */
export function mulHigh(a: number, b: number): number {
  const [aLo, aHi, bLo, bHi] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const low = aLo * bLo;
  const middle = aHi * bLo + (low >>> 16);
  const cross = aLo * bHi + (middle & 0xffff);
  return (aHi * bHi + Math.floor(middle / 0x1_0000) + Math.floor(cross / 0x1_0000)) >>> 0;
}

/** out = a · b mod 2^64. */
export function multiply(a: Word64, b: Word64, out: Word64): void {
  const hi = mulHigh(a.lo, b.lo) + Math.imul(a.lo, b.hi) + Math.imul(a.hi, b.lo);
  out.lo = Math.imul(a.lo, b.lo) >>> 0;
  out.hi = hi >>> 0;
}

/** out = a + b mod 2^64. */
export function add(a: Word64, b: Word64, out: Word64): void {
  const lo = a.lo + b.lo;
  out.hi = (a.hi + b.hi + (lo > 0xffff_ffff ? 1 : 0)) >>> 0;
  out.lo = lo >>> 0;
}

/** Whether a < b as signed numbers. */
export function lessSigned(a: Word64, b: Word64): boolean {
  const [aHi, bHi] = [a.hi | 0, b.hi | 0];
  return aHi === bHi ? a.lo < b.lo : aHi < bHi;
}

/** Low 32 bits of `value mod (2^64 − 1)` in Python's sense for a signed 64-bit value: negative ones lose one. */
export function torchSeedOf(value: Word64): number {
  return (value.hi | 0) < 0 ? (value.lo - 1) >>> 0 : value.lo;
}

/** An injective, well-spread high word for a 32-bit seed, so that coins of different seeds never share a fingerprint. */
export function spreadSeed(seed: number): number {
  let x = seed >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0_aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a_2d97);
  return (x ^ (x >>> 15)) >>> 0;
}
