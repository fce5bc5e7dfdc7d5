const PARTITIONS = 256;
const FIRST_SLOTS = 16;
/** Odd constant that spreads token ids over 32 bits (2^32 / golden ratio). */
const SPREAD = 0x9e37_79b1;

/**
 * The set of coins already counted, by 64-bit fingerprint of (seed, token): 8 bytes a slot. Seeds are outputs of a
 * PRF, so two of n coins collide with probability about n²/2^65; a collision drops one coin, whatever its score,
 * and so cannot raise a false alarm. Partitions grow one at a time: no moment needs twice the memory.
 */
export class CoinSet {
  readonly #slots: Uint32Array[] = [];
  readonly #used = new Uint32Array(PARTITIONS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a coin; false if it was there. */
  add(seedLo: number, seedHi: number, token: number): boolean {
    const lo = (seedLo ^ Math.imul(token + 1, SPREAD)) >>> 0;
    const hi = seedHi === 0 && lo === 0 ? 1 : seedHi;
    const partition = hi & (PARTITIONS - 1);
    const slots = this.#slots[partition] ?? this.#grow(partition);
    const at = find(slots, lo, hi);
    if (slots[at] === lo && slots[at + 1] === hi) return false;
    slots[at] = lo;
    slots[at + 1] = hi;
    this.#size++;
    if (++this.#used[partition] * 8 > slots.length * 3) this.#grow(partition);
    return true;
  }

  /** Whether a coin is there. */
  has(seedLo: number, seedHi: number, token: number): boolean {
    const lo = (seedLo ^ Math.imul(token + 1, SPREAD)) >>> 0;
    const hi = seedHi === 0 && lo === 0 ? 1 : seedHi;
    const slots = this.#slots[hi & (PARTITIONS - 1)];
    if (slots === undefined) return false;
    const at = find(slots, lo, hi);
    return slots[at] === lo && slots[at + 1] === hi;
  }

  /** Enlarges a partition by half and rehashes it; load stays at most 3/4. */
  #grow(partition: number): Uint32Array {
    const old = this.#slots[partition] ?? new Uint32Array(0);
    const slots = new Uint32Array(2 * Math.max(FIRST_SLOTS, Math.ceil(old.length * 0.75)));
    for (let i = 0; i < old.length; i += 2) {
      if (old[i] === 0 && old[i + 1] === 0) continue;
      const at = find(slots, old[i], old[i + 1]);
      slots[at] = old[i];
      slots[at + 1] = old[i + 1];
    }
    this.#slots[partition] = slots;
    return slots;
  }
}

/** Index of the slot that holds (lo, hi), or of the empty one where it belongs. */
function find(slots: Uint32Array, lo: number, hi: number): number {
  let at = 2 * Math.floor((lo / 0x1_0000_0000) * (slots.length >>> 1));
  while (!(slots[at] === lo && slots[at + 1] === hi) && !(slots[at] === 0 && slots[at + 1] === 0)) {
    at += 2;
    if (at === slots.length) at = 0;
  }
  return at;
}
