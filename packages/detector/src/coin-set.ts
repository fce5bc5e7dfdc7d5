import { BloomFilter } from "./bloom-filter.js";

const PARTITIONS = 16;
const FIRST_SLOTS = 16;
/** Words of a partition below which it grows fourfold (at most 1 MiB for all partitions). */
const SMALL = 1 << 13;
/** Coins that `reserve` makes room for at most. */
const RESERVED = 1 << 17;
/** Odd constant that spreads token ids over 32 bits (2^32 / golden ratio). */
const SPREAD = 0x9e37_79b1;

/**
 * The set of coins already counted, by 64-bit fingerprint of (seed, token): 8 bytes a slot. Seeds are outputs of a
 * PRF, so two of n coins collide with probability about n²/2^65; a collision drops one coin, whatever its score,
 * and so cannot raise a false alarm. Partitions grow one at a time: no moment needs twice the memory. Beyond a limit, a
 * filter of fixed size takes over, whose errors drop coins too.
 */
export class CoinSet {
  /** Per partition lo, hi, lo, hi …; a power of two of slots; (0, 0) is empty. */
  readonly #slots: Uint32Array[] = Array.from(
    { length: PARTITIONS },
    () => new Uint32Array(2 * FIRST_SLOTS),
  );
  readonly #used = new Uint32Array(PARTITIONS);
  /** Coins kept exactly; later ones go to the filter. */
  readonly #limit: number;
  #later: BloomFilter | null = null;
  #size = 0;

  constructor(limit = Infinity) {
    this.#limit = limit;
  }

  /** Whether every coin is kept exactly, so far. */
  get exact(): boolean {
    return this.#later === null;
  }

  get size(): number {
    return this.#size;
  }

  /** Makes room for a quarter of `n` coins at once, up to half a megabyte: text repeats itself, and a small set stays in the cache. */
  reserve(n: number): void {
    if (this.#size > 0) return;
    const slots =
      2 ** Math.ceil(Math.log2((0.4 * Math.min(n, RESERVED)) / PARTITIONS + FIRST_SLOTS));
    for (let i = 0; i < PARTITIONS; i++) this.#slots[i] = new Uint32Array(2 * slots);
  }

  /** Adds a coin; false if it was there. */
  add(seedLo: number, seedHi: number, token: number): boolean {
    const lo = fingerprintLow(seedLo, token);
    const hi = seedHi === 0 && lo === 0 ? 1 : seedHi;
    const partition = hi & (PARTITIONS - 1);
    const slots = this.#slots[partition];
    const at = find(slots, lo, hi);
    if (slots[at] === lo && slots[at + 1] === hi) return false;
    if (this.#size >= this.#limit) return (this.#later ??= new BloomFilter()).add(lo, hi);
    slots[at] = lo;
    slots[at + 1] = hi;
    this.#size++;
    // At most 5/8 full: linear probing then looks at two slots on average.
    if (++this.#used[partition] * 16 > slots.length * 5) this.#slots[partition] = enlarged(slots);
    return true;
  }

  /** Whether a coin is there. */
  has(seedLo: number, seedHi: number, token: number): boolean {
    const lo = fingerprintLow(seedLo, token);
    const hi = seedHi === 0 && lo === 0 ? 1 : seedHi;
    const slots = this.#slots[hi & (PARTITIONS - 1)];
    const at = find(slots, lo, hi);
    return slots[at] === lo && slots[at + 1] === hi;
  }
}

function fingerprintLow(seedLo: number, token: number): number {
  return (seedLo ^ Math.imul(token + 1, SPREAD)) >>> 0;
}

/** Index of the slot that holds (lo, hi), or of the empty one where it belongs. */
function find(slots: Uint32Array, lo: number, hi: number): number {
  const mask = slots.length - 1;
  let at = (lo << 1) & mask;
  while ((slots[at] !== lo || slots[at + 1] !== hi) && (slots[at] | slots[at + 1]) !== 0) {
    at = (at + 2) & mask;
  }
  return at;
}

/** The same coins in more slots: four times as many while that is cheap, then twice. */
function enlarged(old: Uint32Array): Uint32Array {
  const slots = new Uint32Array((old.length < SMALL ? 4 : 2) * old.length);
  for (let i = 0; i < old.length; i += 2) {
    if ((old[i] | old[i + 1]) === 0) continue;
    const at = find(slots, old[i], old[i + 1]);
    slots[at] = old[i];
    slots[at + 1] = old[i + 1];
  }
  return slots;
}
