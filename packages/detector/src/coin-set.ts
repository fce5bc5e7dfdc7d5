import type { Coins, Scheme } from "@verdigris/core";
import { BloomFilter } from "./bloom-filter.js";

const FIRST_SLOTS = 64;
/** Coins looked up together. */
const SPAN = 512;
/** What is read ahead of its use: stored, or the reading would be optimised away. */
const TOUCHED = new Uint32Array(SPAN);
/** Slots of a small set at most: one table of 2 MiB. */
const SMALL = 1 << 18;
/** Tables of a large one. */
const TABLES = 16;
/** A table is at most 5/8 full: linear probing then looks at two slots on average. */
const roomOf = (slots: Uint32Array): number => (slots.length >>> 4) * 5;
/** Odd constant that spreads token ids over 32 bits (2^32 / golden ratio). */
const SPREAD = 0x9e37_79b1;

interface Span {
  readonly start: number;
  readonly end: number;
  /** New coins before it. */
  readonly fresh: number;
}

/**
 * The set of coins already counted, by 64-bit fingerprint of (seed, token): 8 bytes a slot. Seeds are outputs of a
 * PRF, so two of n coins collide with probability about n²/2^65; a collision drops one coin, whatever its score,
 * and so cannot raise a false alarm. A large set's tables grow one at a time: no moment needs twice the memory. Beyond a
 * limit, a filter of fixed size takes over, whose errors drop coins too.
 */
export class CoinSet {
  /** One table, or TABLES of them. Per table lo, hi, lo, hi …; a power of two of slots; (0, 0) is empty. */
  #tables: readonly Uint32Array[] = [new Uint32Array(2 * FIRST_SLOTS)];
  readonly #used = new Uint32Array(TABLES);
  /** Coins kept exactly; later ones go to the filter. */
  readonly #limit: number;
  /** Of a token, what names a coin: all of it, or nothing. */
  readonly #mask: number;
  #later: BloomFilter | null = null;
  #size = 0;

  constructor(coin: Scheme["coin"], limit = Infinity) {
    this.#mask = coin === "seed" ? 0 : ~0;
    this.#limit = limit;
  }

  /** Whether every coin is kept exactly, so far. */
  get exact(): boolean {
    return this.#later === null;
  }

  get size(): number {
    return this.#size;
  }

  /** Makes room in an empty set for n coins at once, or for as many as a small one holds. */
  reserve(n: number): void {
    const slots = Math.min(SMALL, 2 ** Math.ceil(Math.log2(2 * Math.min(n, this.#limit) + 1)));
    if (this.#size > 0 || 2 * slots <= this.#tables[0].length) return;
    this.#tables = [new Uint32Array(2 * slots)];
  }

  /** Adds a coin; false if it was there. */
  add(seedLo: number, seedHi: number, token: number): boolean {
    const lo = fingerprintLow(seedLo, token & this.#mask);
    const hi = fingerprintHigh(lo, seedHi);
    const table = hi & (this.#tables.length - 1);
    const slots = this.#tables[table];
    if (this.#size >= this.#limit) {
      return !isIn(slots, lo, hi) && (this.#later ??= new BloomFilter()).add(lo, hi);
    }
    if (!insert(slots, lo, hi)) return false;
    this.#size++;
    if (++this.#used[table] > roomOf(slots)) this.#enlarge(table);
    return true;
  }

  /** Adds coins in their order, moves those that were not there to the front and writes their places; their number. */
  addEach(coins: Coins, places: Uint32Array): number {
    let fresh = 0;
    for (let start = 0; start < coins.n; start += SPAN) {
      const end = Math.min(coins.n, start + SPAN);
      this.#touch(coins, start, end);
      fresh = this.#addSpan(coins, places, { start, end, fresh });
    }
    return fresh;
  }

  /** Whether a coin is there. */
  has(seedLo: number, seedHi: number, token: number): boolean {
    const lo = fingerprintLow(seedLo, token & this.#mask);
    const hi = fingerprintHigh(lo, seedHi);
    return isIn(this.#tables[hi & (this.#tables.length - 1)], lo, hi);
  }

  /** Reads where coins belong, so that a table beyond the cache is waited for once and not once per coin. */
  #touch({ seedLo, seedHi, token }: Coins, start: number, end: number): void {
    const [tables, mask] = [this.#tables, this.#mask];
    for (let i = start; i < end; i++) {
      const slots = tables[seedHi[i] & (tables.length - 1)];
      const at = (fingerprintLow(seedLo[i], token[i] & mask) << 1) & (slots.length - 1);
      TOUCHED[i - start] = slots[at];
    }
  }

  /** `addEach` from start to end; the number of new ones so far. Half of a tally's time is spent here: fields are in locals. */
  #addSpan({ seedLo, seedHi, token }: Coins, places: Uint32Array, span: Span): number {
    const [slots, mask] = [this.#tables[0], this.#mask];
    const most = this.#size + span.end - span.start;
    const hasRoom = this.#tables.length === 1 && most <= Math.min(this.#limit, roomOf(slots));
    let fresh = span.fresh;
    for (let i = span.start; i < span.end; i++) {
      const seed = seedLo[i];
      const hi = seedHi[i];
      const id = token[i];
      const lo = fingerprintLow(seed, id & mask);
      const isNew = hasRoom ? insert(slots, lo, fingerprintHigh(lo, hi)) : this.add(seed, hi, id);
      if (!isNew) continue;
      seedLo[fresh] = seed;
      seedHi[fresh] = hi;
      token[fresh] = id;
      places[fresh++] = i;
    }
    if (hasRoom) {
      this.#size += fresh - span.fresh;
      this.#used[0] += fresh - span.fresh;
    }
    return fresh;
  }

  /** Four times the slots while that is cheap; then sixteen tables, with twice as many together; then two of each. */
  #enlarge(table: number): void {
    const old = this.#tables[table];
    const isSmall = this.#tables.length === 1;
    if (isSmall && old.length === 2 * SMALL) {
      const each = (2 * old.length) / TABLES;
      this.#tables = Array.from({ length: TABLES }, () => new Uint32Array(each));
    } else {
      const length = isSmall ? Math.min(2 * SMALL, 4 * old.length) : 2 * old.length;
      this.#tables = this.#tables.with(table, new Uint32Array(length));
    }
    this.#used[table] = 0;
    for (let i = 0; i < old.length; i += 2) {
      const lo = old[i];
      const hi = old[i + 1];
      if ((lo | hi) === 0) continue;
      const to = hi & (this.#tables.length - 1);
      insert(this.#tables[to], lo, hi);
      this.#used[to]++;
    }
  }
}

function fingerprintLow(seedLo: number, token: number): number {
  return (seedLo ^ Math.imul(token + 1, SPREAD)) >>> 0;
}

/** The other word; (0, 0) would be an empty slot. */
function fingerprintHigh(lo: number, seedHi: number): number {
  return seedHi === 0 && lo === 0 ? 1 : seedHi;
}

/** Writes (lo, hi) into its slot; false if it was there. */
function insert(slots: Uint32Array, lo: number, hi: number): boolean {
  const mask = slots.length - 1;
  for (let at = (lo << 1) & mask; ; at = (at + 2) & mask) {
    const thereLo = slots[at];
    const thereHi = slots[at + 1];
    if ((thereLo | thereHi) === 0) {
      slots[at] = lo;
      slots[at + 1] = hi;
      return true;
    }
    if (thereLo === lo && thereHi === hi) return false;
  }
}

function isIn(slots: Uint32Array, lo: number, hi: number): boolean {
  const mask = slots.length - 1;
  let at = (lo << 1) & mask;
  while ((slots[at] | slots[at + 1]) !== 0) {
    if (slots[at] === lo && slots[at + 1] === hi) return true;
    at = (at + 2) & mask;
  }
  return false;
}
