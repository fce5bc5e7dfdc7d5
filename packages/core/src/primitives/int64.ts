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
  const aLo = a & 0xffff;
  const aHi = a >>> 16;
  const bLo = b & 0xffff;
  const bHi = b >>> 16;
  const middle = aHi * bLo + ((aLo * bLo) >>> 16);
  const cross = aLo * bHi + (middle & 0xffff);
  return (aHi * bHi + (middle >>> 16) + (cross >>> 16)) >>> 0;
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

/** value mod (2^64 − 1) in Python's sense, for a signed 64-bit value: negative ones lose one. In place. */
export function toTorchSeed(value: Word64): void {
  if ((value.hi | 0) >= 0) return;
  if (value.lo === 0) value.hi = (value.hi - 1) >>> 0;
  value.lo = (value.lo - 1) >>> 0;
}

/** out = a · b mod (2^64 − 1) for unsigned a and b, without wrap-around: 2^64 counts as 1. */
export function multiplyFolded(a: Word64, b: Word64, out: Word64): void {
  const [ll, lh, hl, hh] = [
    mulHigh(a.lo, b.lo),
    mulHigh(a.lo, b.hi),
    mulHigh(a.hi, b.lo),
    mulHigh(a.hi, b.hi),
  ];
  const w0 = Math.imul(a.lo, b.lo) >>> 0;
  const second = ll + (Math.imul(a.lo, b.hi) >>> 0) + (Math.imul(a.hi, b.lo) >>> 0);
  const third = lh + hl + (Math.imul(a.hi, b.hi) >>> 0) + Math.floor(second / 2 ** 32);
  const w3 = hh + Math.floor(third / 2 ** 32);
  // The high 64 bits are worth as much as the low ones, and so is what carries out of their sum.
  let lo = w0 + (third % 2 ** 32);
  let hi = (second % 2 ** 32) + w3 + Math.floor(lo / 2 ** 32);
  lo = (lo % 2 ** 32) + Math.floor(hi / 2 ** 32);
  hi = (hi % 2 ** 32) + Math.floor(lo / 2 ** 32);
  out.lo = lo % 2 ** 32;
  out.hi = hi % 2 ** 32;
  if (out.lo === 0xffff_ffff && out.hi === 0xffff_ffff) out.lo = out.hi = 0;
}

/** value mod `modulus` in Python's sense for a signed 64-bit value; modulus up to 2^21. */
export function remainder(value: Word64, modulus: number): number {
  const fold = 2 ** 32 % modulus;
  const unsigned = ((value.hi % modulus) * fold + value.lo) % modulus;
  if ((value.hi | 0) >= 0) return unsigned;
  return (unsigned + modulus - ((fold * fold) % modulus)) % modulus;
}

/** Writes a whole number |value| < 2^53 as 64-bit two's complement. */
export function setNumber(out: Word64, value: number): void {
  out.lo = value >>> 0;
  out.hi = Math.floor(value / 2 ** 32) >>> 0;
}

/** An injective, well-spread high word for a 32-bit seed, so that coins of different seeds never share a fingerprint. */
export function spreadSeed(seed: number): number {
  let x = seed >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0_aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a_2d97);
  return (x ^ (x >>> 15)) >>> 0;
}
