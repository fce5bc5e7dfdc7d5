/**
 * Binary block codes for payloads: primitive BCH codes (Bose and Ray-Chaudhuri 1960, Hocquenghem 1959), long and of low
 * rate, since a mark spreads its tokens over any number of code bits at no cost. n code bits, k message bits.
 */

/** A linear code. */
export interface BlockCode {
  readonly name: string;
  /** Code bits. */
  readonly n: number;
  /** Message bits: payloads 0 … 2^k − 1. */
  readonly k: number;
  /** Two code words differ in at least so many bits. */
  readonly distance: number;
  /** The code word of a payload: bits 0 … n−1, the message in the last k. @throws RangeError outside 0 … 2^k − 1 */
  encode(payload: number): Uint8Array;
}

/** Generator polynomials: bit i is the coefficient of x^i (bench/peers/prf/make_payload.py derives them). */
const BCH = [
  { name: "bch-63-10", n: 63, k: 10, distance: 27, generator: 0x2759262d5d506dn },
  { name: "bch-63-16", n: 63, k: 16, distance: 23, generator: 0xcd930bdd3b2bn },
  { name: "bch-127-22", n: 127, k: 22, distance: 47, generator: 0x29bf87104e954a3b25cb67f4e23n },
] as const;

/** Names of the codes. */
export const BLOCK_CODES = BCH.map(({ name }) => name) as [string, ...string[]];

/** @throws RangeError for an unknown name */
export function blockCode(name: string): BlockCode {
  const found = BCH.find((code) => code.name === name);
  if (found === undefined) {
    throw new RangeError(`code: expected one of ${BLOCK_CODES.join(", ")}, got ${name}`);
  }
  const { n, k, distance, generator } = found;
  return {
    name,
    n,
    k,
    distance,
    encode(payload: number): Uint8Array {
      if (!(Number.isInteger(payload) && payload >= 0 && payload < 2 ** k)) {
        throw new RangeError(`payload: expected a whole number below 2^${k}, got ${payload}`);
      }
      const shifted = BigInt(payload) << BigInt(n - k);
      const word = shifted | remainder(shifted, { generator, n, k });
      return Uint8Array.from({ length: n }, (_, i) => Number((word >> BigInt(i)) & 1n));
    },
  };
}

/** Remainder of a polynomial of degree below n modulo a generator of degree n − k, over GF(2). */
function remainder(
  dividend: bigint,
  { generator, n, k }: { readonly generator: bigint; readonly n: number; readonly k: number },
): bigint {
  let rest = dividend;
  for (let degree = n - 1; degree >= n - k; degree--) {
    if (((rest >> BigInt(degree)) & 1n) === 1n) rest ^= generator << BigInt(degree - (n - k));
  }
  return rest;
}
