import { VerdigrisError } from "@verdigris/core";
import type { WindowHashes } from "./serving-sketch.js";

/** Registers are 2^p bytes: with p = 12 a count is 1.6 % off, one standard error. */
const PRECISION = 12;
const REGISTERS = 2 ** PRECISION;
/** Bits of a hash that no register takes. */
const Q = 64 - PRECISION;

/**
 * How many different 64-bit hashes were seen, approximately, in four kilobytes: HyperLogLog (Flajolet et al. 2007) with
 * Ertl's improved estimate (2017, algorithm 6), which needs no tables and is unbiased from the first hash on. Counts of the
 * same hashes can be merged, in any order. It names no hash.
 */
export class DistinctCount {
  readonly #registers = new Uint8Array(REGISTERS);

  add({ seedLo, seedHi }: WindowHashes): void {
    for (let i = 0; i < seedLo.length; i++) {
      const [at, low] = [seedHi[i] >>> (32 - PRECISION), seedHi[i] << PRECISION];
      // Leading zeros of the remaining bits, of which the upper word has 32 − p.
      const zeros = low === 0 ? 32 - PRECISION + Math.clz32(seedLo[i]) : Math.clz32(low);
      this.#registers[at] = Math.max(this.#registers[at], 1 + zeros);
    }
  }

  /** Adds what another has seen. */
  merge(other: DistinctCount): void {
    for (let i = 0; i < REGISTERS; i++) {
      this.#registers[i] = Math.max(this.#registers[i], other.#registers[i]);
    }
  }

  /** m² / (2 ln 2 · Σ), Ertl's estimate. */
  get estimate(): number {
    const histogram = new Float64Array(Q + 2);
    for (const register of this.#registers) histogram[register]++;
    let sum = REGISTERS * tau(1 - histogram[Q + 1] / REGISTERS);
    for (let k = Q; k >= 1; k--) sum = (sum + histogram[k]) / 2;
    sum += REGISTERS * sigma(histogram[0] / REGISTERS);
    return REGISTERS ** 2 / (2 * Math.LN2 * sum);
  }

  toBytes(): Uint8Array {
    return this.#registers.slice();
  }

  /** @throws VerdigrisError FILE_INVALID unless `toBytes` made them */
  static fromBytes(bytes: Uint8Array): DistinctCount {
    if (bytes.length !== REGISTERS || bytes.some((register) => register > Q + 1)) {
      const came = `${bytes.length} bytes`;
      const message = `distinct count: expected ${REGISTERS} registers up to ${Q + 1}, got ${came}`;
      throw new VerdigrisError("FILE_INVALID", message);
    }
    const count = new DistinctCount();
    count.#registers.set(bytes);
    return count;
  }
}

/** What registers that are still empty say; ∞ if all are. */
function sigma(empty: number): number {
  if (empty === 1) return Infinity;
  let [x, y, z, before] = [empty, 1, empty, -1];
  while (z !== before) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

/** What registers that are full say. */
function tau(rest: number): number {
  if (rest === 0 || rest === 1) return 0;
  let [x, y, z, before] = [rest, 1, 1 - rest, -1];
  while (z !== before) {
    x = Math.sqrt(x);
    before = z;
    y /= 2;
    z -= (1 - x) ** 2 * y;
  }
  return z / 3;
}
