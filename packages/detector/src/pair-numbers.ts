/** Different pairs of 32-bit words, by their number. (n) */
export interface PairList {
  readonly left: Uint32Array;
  readonly right: Uint32Array;
}

/** Numbers different pairs of words in the order in which they come. */
export class PairNumbers {
  readonly #left: Uint32Array;
  readonly #right: Uint32Array;
  /** Number of a pair plus one; 0 is empty. At most half are taken. */
  readonly #slots: Uint32Array;
  #size = 0;

  constructor(capacity: number) {
    this.#left = new Uint32Array(capacity);
    this.#right = new Uint32Array(capacity);
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * capacity + 1)));
  }

  /** The pair's number. */
  of(left: number, right: number): number {
    const mask = this.#slots.length - 1;
    const mixed = Math.imul(left ^ Math.imul(right, 0x9e37_79b1), 0x85eb_ca6b);
    for (let at = (mixed ^ (mixed >>> 15)) & mask; ; at = (at + 1) & mask) {
      const number = this.#slots[at] - 1;
      if (number < 0) return this.#add(left, right, at);
      if (this.#left[number] === left && this.#right[number] === right) return number;
    }
  }

  /** The pairs so far. */
  list(): PairList {
    return { left: this.#left.slice(0, this.#size), right: this.#right.slice(0, this.#size) };
  }

  #add(left: number, right: number, at: number): number {
    this.#left[this.#size] = left;
    this.#right[this.#size] = right;
    this.#slots[at] = this.#size + 1;
    return this.#size++;
  }
}
