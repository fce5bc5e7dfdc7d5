/** MurmurHash3 x86-32 (Appleby 2011) over whole words, seed 0. */
export function murmur3(words: ArrayLike<number>): number {
  let state = 0;
  for (let i = 0; i < words.length; i++) state = absorb(state, words[i]);
  return finish(state, words.length);
}

/** One more word: states can be kept, so that words that many hashes share are absorbed once. */
export function absorb(state: number, word: number): number {
  let x = Math.imul(word, 0xcc9e_2d51);
  x = Math.imul((x << 15) | (x >>> 17), 0x1b87_3593);
  const s = state ^ x;
  return (Math.imul((s << 13) | (s >>> 19), 5) + 0xe654_6b64) | 0;
}

/** The hash of `count` absorbed words, 0 … 2^32 − 1. */
export function finish(state: number, count: number): number {
  let s = state ^ (4 * count);
  s = Math.imul(s ^ (s >>> 16), 0x85eb_ca6b);
  s = Math.imul(s ^ (s >>> 13), 0xc2b2_ae35);
  return (s ^ (s >>> 16)) >>> 0;
}
