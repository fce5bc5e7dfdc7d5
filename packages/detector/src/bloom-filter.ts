/** Bits per filter: 2^23, a megabyte; past a million coins more than one in a hundred new ones looks old. */
const BITS = 23;
const HASHES = 4;

/** A set of fixed size that may take a new member for an old one, never an old one for new (Bloom 1970). */
export class BloomFilter {
  readonly #bits = new Uint32Array(2 ** (BITS - 5));

  /** Adds a 64-bit fingerprint; false if it was (or looks as if it was) there. */
  add(lo: number, hi: number): boolean {
    let fresh = false;
    // Double hashing (Kirsch and Mitzenmacher 2008): the fingerprint's words are the two hashes.
    for (let i = 0; i < HASHES; i++) {
      const bit = (Math.imul(hi | 1, i) + lo) >>> (32 - BITS);
      const mask = 1 << (bit & 31);
      if ((this.#bits[bit >>> 5] & mask) === 0) fresh = true;
      this.#bits[bit >>> 5] |= mask;
    }
    return fresh;
  }
}
