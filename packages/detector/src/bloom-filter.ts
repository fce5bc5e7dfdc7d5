/** Bits per filter: 2^23, a megabyte; past a million coins more than one in a hundred new ones looks old. */
const BITS = 23;
const HASHES = 4;

/**
 * A set of fixed size that may take a new member for an old one, never an old one for new (Bloom 1970). Which new
 * members it takes for old is decided by scrambled fingerprints: a mark may read its score off the fingerprint's own
 * bits, and a coin must not be dropped more readily for what it shows.
 */
export class BloomFilter {
  readonly #bits = new Uint32Array(2 ** (BITS - 5));

  /** Adds a 64-bit fingerprint; false if it was (or looks as if it was) there. */
  add(lo: number, hi: number): boolean {
    let fresh = false;
    const first = scrambled(lo ^ scrambled(hi));
    const second = scrambled(first ^ hi) | 1;
    // Double hashing (Kirsch and Mitzenmacher 2008).
    for (let i = 0; i < HASHES; i++) {
      const bit = (Math.imul(second, i) + first) >>> (32 - BITS);
      const mask = 1 << (bit & 31);
      if ((this.#bits[bit >>> 5] & mask) === 0) fresh = true;
      this.#bits[bit >>> 5] |= mask;
    }
    return fresh;
  }
}

/** A bijection of 32-bit words in which every output bit depends on every input bit (Appleby's murmur3 finaliser). */
function scrambled(word: number): number {
  let x = word;
  x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
  return x ^ (x >>> 16);
}
