const N = 624;
const M = 397;

/**
 * The Mersenne Twister MT19937 (Matsumoto and Nishimura 1998), seeded as by `init_genrand`: the engine of torch's CPU
 * generator, numpy's RandomState and Python's random.
 */
export class Mt19937 {
  readonly #state = new Uint32Array(N);
  #at = N;

  /** @param seed the low 32 bits count */
  constructor(seed: number) {
    this.reseed(seed);
  }

  /** Starts over from another seed, without a new buffer. */
  reseed(seed: number): void {
    const state = this.#state;
    let last = seed >>> 0;
    state[0] = last;
    for (let j = 1; j < N; j++) {
      last = (Math.imul(last ^ (last >>> 30), 1812433253) + j) >>> 0;
      state[j] = last;
    }
    this.#at = N;
  }

  /** Starts over from an array of words (`init_by_array`), as Python's `random.seed` does. */
  reseedFrom(words: ArrayLike<number>): void {
    this.reseed(19650218);
    const state = this.#state;
    let i = 1;
    const step = (value: number): void => {
      state[i] = value;
      i++;
      if (i === N) {
        state[0] = state[N - 1];
        i = 1;
      }
    };
    for (let k = 0, j = 0; k < Math.max(N, words.length); k++, j = (j + 1) % words.length) {
      const mixed = Math.imul(state[i - 1] ^ (state[i - 1] >>> 30), 1664525);
      step((state[i] ^ mixed) + words[j] + j);
    }
    for (let k = 0; k < N - 1; k++) {
      const mixed = Math.imul(state[i - 1] ^ (state[i - 1] >>> 30), 1566083941);
      step((state[i] ^ mixed) - i);
    }
    state[0] = 0x8000_0000;
  }

  /** The next word, 0 … 2^32 − 1. */
  u32(): number {
    if (this.#at === N) this.#twist();
    let y = this.#state[this.#at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** Passes over n words. */
  skip(n: number): void {
    let rest = n;
    while (rest > 0) {
      if (this.#at === N) this.#twist();
      const passed = Math.min(rest, N - this.#at);
      this.#at += passed;
      rest -= passed;
    }
  }

  #twist(): void {
    const state = this.#state;
    for (let j = 0; j < N; j++) {
      const next = state[j + 1 < N ? j + 1 : 0];
      const y = (state[j] & 0x8000_0000) | (next & 0x7fff_ffff);
      state[j] =
        state[j + M < N ? j + M : j + M - N] ^ (y >>> 1) ^ ((y & 1) === 0 ? 0 : 0x9908_b0df);
    }
    this.#at = 0;
  }
}

/** `random.seed(seed)` of Python for an integer, and `random.getrandbits(bits)`: words fill up from the low end. */
export function pythonBits(seed: bigint, bits: number): bigint {
  const words: number[] = [];
  for (let rest = seed < 0n ? -seed : seed; rest > 0n || words.length === 0; rest >>= 32n) {
    words.push(Number(rest & 0xffff_ffffn));
  }
  const engine = new Mt19937(0);
  engine.reseedFrom(words);
  let out = 0n;
  for (let shift = 0; shift < bits; shift += 32) {
    const left = bits - shift;
    const word = left < 32 ? engine.u32() >>> (32 - left) : engine.u32();
    out |= BigInt(word) << BigInt(shift);
  }
  return out;
}
