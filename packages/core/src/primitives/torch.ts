import { Mt19937 } from "./mt19937.js";

/** Range of `randint` from which torch draws 64 bits instead of 32: since 2.6, and before. */
const WIDE_RANGE = { current: 2n ** 28n, "before-2.6": 2n ** 32n } as const;

/** Length of `randperm` from which torch draws 64-bit numbers: (2^32 − 1) / 20. */
const WIDE_PERMUTATION = Math.floor(0xffff_ffff / 20);

/**
 * torch's CPU generator: MT19937 seeded with the low 32 bits of `manual_seed`, so that seeds equal modulo 2^32 are one
 * seed. Draws follow one another without alignment. Checked against torch 2.15.0.
 */
export class TorchGenerator {
  readonly #engine: Mt19937;

  /** @param seed a 64-bit seed; only its low 32 bits count, as in torch */
  constructor(seed: number | bigint) {
    this.#engine = new Mt19937(lowWord(seed));
  }

  /** `manual_seed`, on the same buffer. */
  reseed(seed: number | bigint): void {
    this.#engine.reseed(lowWord(seed));
  }

  u32(): number {
    return this.#engine.u32();
  }

  /** Passes over n 32-bit draws. */
  skip(n: number): void {
    this.#engine.skip(n);
  }

  /** 64 bits, the first word drawn on top. */
  u64(): bigint {
    const high = BigInt(this.u32());
    return (high << 32n) | BigInt(this.u32());
  }

  /** `torch.rand`, float32: 24 bits of a word. In [0, 1). */
  f32(): number {
    return (this.u32() & 0xff_ffff) * 2 ** -24;
  }

  /** `torch.rand`, float64: 53 bits of two words. In [0, 1). */
  f64(): number {
    const high = this.u32() & 0x1f_ffff;
    return (high * 2 ** 32 + this.u32()) * 2 ** -53;
  }

  /** `torch.randint(low, high)`. Modulo bias is part of the contract. */
  int(low: bigint, high: bigint, era: keyof typeof WIDE_RANGE = "current"): bigint {
    const range = high - low;
    return low + (range < WIDE_RANGE[era] ? BigInt(this.u32()) % range : this.u64() % range);
  }

  /** `torch.randperm(n)`. (n) */
  permutation(n: number): Uint32Array {
    const out = Uint32Array.from({ length: n }, (_, i) => i);
    if (n < WIDE_PERMUTATION) this.#shuffleHead(out, n - 1);
    else this.#insideOut(out);
    return out;
  }

  /** The first k entries of `torch.randperm(n)`: the forward shuffle never touches them again. (k) */
  permutationHead(n: number, k: number): Uint32Array {
    const all = Uint32Array.from({ length: n }, (_, i) => i);
    this.#shuffleHead(all, Math.min(k, n - 1));
    return all.subarray(0, k);
  }

  #shuffleHead(list: Uint32Array, steps: number): void {
    for (let i = 0; i < steps; i++) {
      const z = i + (this.u32() % (list.length - i));
      const kept = list[i];
      list[i] = list[z];
      list[z] = kept;
    }
  }

  #insideOut(out: Uint32Array): void {
    for (let i = 0; i < out.length; i++) {
      const z = Number(this.u64() % BigInt(i + 1));
      out[i] = i;
      out[i] = out[z];
      out[z] = i;
    }
  }
}

function lowWord(seed: number | bigint): number {
  return typeof seed === "bigint" ? Number(BigInt.asUintN(32, seed)) : seed >>> 0;
}
