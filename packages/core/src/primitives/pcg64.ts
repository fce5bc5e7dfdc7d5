import { type Word64, add, multiply, mulHigh } from "./int64.js";

/** Multiplier of the 128-bit congruential generator, high and low half (O'Neill 2014). */
const MULTIPLIER = {
  hi: { hi: 0x2360_ed05, lo: 0x1fc6_5da4 },
  lo: { hi: 0x4385_df64, lo: 0x9fcc_f645 },
};

/**
 * numpy's default generator: PCG64 (XSL-RR, O'Neill 2014) seeded by a SeedSequence of one non-negative integer. 32-bit
 * draws take the low half of a 64-bit output first, then the high half.
 */
export class Pcg64 {
  /** 128-bit state and increment. */
  readonly #hi: Word64 = { lo: 0, hi: 0 };
  readonly #lo: Word64 = { lo: 0, hi: 0 };
  readonly #increment: { readonly hi: Word64; readonly lo: Word64 };
  #buffered: number | null = null;

  /** `numpy.random.default_rng(seed)`; seed ≥ 0, up to 128 bits. */
  constructor(seed: bigint) {
    const words = seedWords(seed);
    const at = (i: number): Word64 => ({ lo: words[i], hi: words[i + 1] });
    const [stateHi, stateLo, incHi, incLo] = [at(0), at(2), at(4), at(6)];
    // increment = 2 · inc + 1
    this.#increment = {
      hi: {
        hi: ((incHi.hi << 1) | (incHi.lo >>> 31)) >>> 0,
        lo: ((incHi.lo << 1) | (incLo.hi >>> 31)) >>> 0,
      },
      lo: { hi: ((incLo.hi << 1) | (incLo.lo >>> 31)) >>> 0, lo: ((incLo.lo << 1) | 1) >>> 0 },
    };
    this.#step();
    this.#plus(stateHi, stateLo);
    this.#step();
  }

  /** 64 bits. */
  u64(): Word64 {
    this.#step();
    const [hi, lo] = [this.#hi, this.#lo];
    const x = { lo: (hi.lo ^ lo.lo) >>> 0, hi: (hi.hi ^ lo.hi) >>> 0 };
    return rotateRight(x, hi.hi >>> 26);
  }

  /** 32 bits. */
  u32(): number {
    if (this.#buffered !== null) {
      const word = this.#buffered;
      this.#buffered = null;
      return word;
    }
    const { lo, hi } = this.u64();
    this.#buffered = hi;
    return lo;
  }

  /** `Generator.shuffle` of a list, in place: from the end, masked rejection. */
  shuffle(list: { [index: number]: number; readonly length: number }): void {
    for (let i = list.length - 1; i > 0; i--) {
      const mask = 2 ** (32 - Math.clz32(i)) - 1;
      let j = this.u32() & mask;
      while (j > i) j = this.u32() & mask;
      const kept = list[i];
      list[i] = list[j];
      list[j] = kept;
    }
  }

  /** state = state · multiplier + increment mod 2^128. */
  #step(): void {
    const [hi, lo] = [this.#hi, this.#lo];
    const cross = { lo: 0, hi: 0 };
    const other = { lo: 0, hi: 0 };
    multiply(hi, MULTIPLIER.lo, cross);
    multiply(lo, MULTIPLIER.hi, other);
    add(cross, other, cross);
    add(cross, high64(lo, MULTIPLIER.lo), hi);
    multiply(lo, MULTIPLIER.lo, lo);
    this.#plus(this.#increment.hi, this.#increment.lo);
  }

  #plus(hi: Word64, lo: Word64): void {
    add(this.#lo, lo, this.#lo);
    const carries = less(this.#lo, lo) ? 1 : 0;
    add(this.#hi, hi, this.#hi);
    if (carries === 1) add(this.#hi, { lo: 1, hi: 0 }, this.#hi);
  }
}

/** numpy's SeedSequence: eight words of state from the words of an integer (O'Neill's seed_seq hash, pool of 4). */
function seedWords(seed: bigint): Uint32Array {
  const entropy: number[] = [];
  for (let rest = seed; rest > 0n || entropy.length === 0; rest >>= 32n) {
    entropy.push(Number(rest & 0xffff_ffffn));
  }
  let hashConstant = 0x43b0_d7e5;
  const hash = (value: number): number => {
    let x = (value ^ hashConstant) >>> 0;
    hashConstant = Math.imul(hashConstant, 0x931e_8875) >>> 0;
    x = Math.imul(x, hashConstant) >>> 0;
    return (x ^ (x >>> 16)) >>> 0;
  };
  const mix = (x: number, y: number): number => {
    const mixed = (Math.imul(0xca01_f9dd, x) - Math.imul(0x4973_f715, y)) >>> 0;
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
  const pool = Array.from({ length: 4 }, (_, i) => hash(entropy[i] ?? 0));
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mix(pool[to], hash(pool[from]));
  }
  for (const word of entropy.slice(4)) {
    for (let to = 0; to < 4; to++) pool[to] = mix(pool[to], hash(word));
  }
  let outConstant = 0x8b51_f9dd;
  return Uint32Array.from({ length: 8 }, (_, i) => {
    let x = (pool[i % 4] ^ outConstant) >>> 0;
    outConstant = Math.imul(outConstant, 0x58f3_8ded) >>> 0;
    x = Math.imul(x, outConstant) >>> 0;
    return (x ^ (x >>> 16)) >>> 0;
  });
}

/** High 64 bits of the 128-bit product of two unsigned numbers. */
function high64(a: Word64, b: Word64): Word64 {
  const middle =
    mulHigh(a.lo, b.lo) + (Math.imul(a.lo, b.hi) >>> 0) + (Math.imul(a.hi, b.lo) >>> 0);
  const third =
    mulHigh(a.lo, b.hi) +
    mulHigh(a.hi, b.lo) +
    (Math.imul(a.hi, b.hi) >>> 0) +
    Math.floor(middle / 2 ** 32);
  return { lo: third >>> 0, hi: (mulHigh(a.hi, b.hi) + Math.floor(third / 2 ** 32)) >>> 0 };
}

function less(a: Word64, b: Word64): boolean {
  return a.hi === b.hi ? a.lo < b.lo : a.hi < b.hi;
}

function rotateRight({ lo, hi }: Word64, by: number): Word64 {
  const [a, b] = by < 32 ? [lo, hi] : [hi, lo];
  const n = by & 31;
  if (n === 0) return { lo: a, hi: b };
  return { lo: ((a >>> n) | (b << (32 - n))) >>> 0, hi: ((b >>> n) | (a << (32 - n))) >>> 0 };
}
