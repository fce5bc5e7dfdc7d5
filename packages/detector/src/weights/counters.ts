import { VerdigrisError } from "@verdigris/core";

/** Where fewer than one counter in so many is used, those alone are written. */
const SPARSE = 4;
/** Counters between two stops: some .1 ms of work. */
const STEP = 2 ** 14;
/** Counters that are looked at together, or not at all while they are 0. */
const BLOCK = 64;
const FULL = 0xffff_ffff;

/** Counters that start at 0, and stay where they are full. While few are used, only those take time. */
export class Counters {
  readonly #words: Uint32Array;
  /** By block, 1 where a counter is used. */
  readonly #blocks: Uint8Array;
  /** Counters that are not 0. */
  #used = 0;

  /** A multiple of 64. */
  constructor(length: number) {
    this.#words = new Uint32Array(length);
    this.#blocks = new Uint8Array(length / BLOCK);
  }

  at(i: number): number {
    return this.#words[i];
  }

  add(i: number, n: number): void {
    const before = this.#words[i];
    if (before === 0) {
      this.#used++;
      this.#blocks[Math.floor(i / BLOCK)] = 1;
    }
    this.#words[i] = Math.min(FULL, before + n);
  }

  /** Adds as many others. */
  merge(other: Counters): void {
    for (const start of other.#starts()) {
      for (let i = start; i < start + BLOCK; i++) {
        if (other.#words[i] > 0) this.add(i, other.#words[i]);
      }
    }
  }

  clear(): void {
    this.#words.fill(0);
    this.#blocks.fill(0);
    this.#used = 0;
  }

  /** Whether so few are used that `pieces` writes those alone. */
  get areFew(): boolean {
    return this.#used < this.#words.length / SPARSE;
  }

  /** Little-endian words: all counters; or the number of those in use, and each of them after its index. Each piece is some .1 ms of work. */
  *pieces(): Generator<Uint8Array, void, undefined> {
    if (this.areFew) return yield* this.#fewPieces();
    for (let start = 0; start < this.#words.length; start += STEP) {
      yield toBytes(this.#words.subarray(start, start + STEP));
    }
  }

  /** Reads what `pieces` made into counters that are 0, in steps as small. @throws VerdigrisError FILE_INVALID */
  *read(bytes: Uint8Array, areFew: boolean): Generator<undefined, void, undefined> {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const [first, size] = areFew ? [4, 8] : [0, 4];
    let last = -1;
    for (let at = first; at < bytes.length;) {
      const end = Math.min(bytes.length, at + size * STEP);
      for (; at < end; at += size) {
        const i = areFew ? view.getUint32(at, true) : last + 1;
        const count = view.getUint32(at + size - 4, true);
        if (i <= last || i >= this.#words.length || (areFew && count === 0)) throw notASketch();
        if (count > 0) this.add(i, count);
        last = i;
      }
      yield;
    }
  }

  *#fewPieces(): Generator<Uint8Array, void, undefined> {
    yield toBytes(Uint32Array.of(this.#used));
    const pairs = new Uint32Array(2 * Math.min(STEP, this.#used));
    let [length, looked] = [0, 0];
    for (const start of this.#starts()) {
      for (let i = start; i < start + BLOCK; i++) {
        if (this.#words[i] === 0) continue;
        pairs[length++] = i;
        pairs[length++] = this.#words[i];
      }
      looked += BLOCK;
      if (looked < STEP) continue;
      yield toBytes(pairs.subarray(0, length));
      [length, looked] = [0, 0];
    }
    yield toBytes(pairs.subarray(0, length));
  }

  /** First counters of blocks in use. */
  *#starts(): Generator<number, void, undefined> {
    for (let block = 0; block < this.#blocks.length; block++) {
      if (this.#blocks[block] === 1) yield block * BLOCK;
    }
  }
}

function toBytes(words: Uint32Array): Uint8Array {
  const out = new DataView(new ArrayBuffer(words.byteLength));
  for (let i = 0; i < words.length; i++) out.setUint32(4 * i, words[i], true);
  return new Uint8Array(out.buffer);
}

/** What is said of bytes that are no sketch. */
export function notASketch(): VerdigrisError {
  return new VerdigrisError("FILE_INVALID", "sketch: not a serving sketch, or cut short");
}
