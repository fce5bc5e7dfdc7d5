import {
  type Kernel,
  type SeedArrays,
  type Seeder,
  type Tokens,
  createKernel,
  createSeeder,
  keyWords,
} from "@verdigris/core";
import { Counters, notASketch } from "./counters.js";

/** Rows of counters: a count is the least of four. */
const ROWS = 4;
/** No token has this id, so that the row hash never meets a window. */
const ROW_INPUT = 0xffff_fffe;
const MAGIC = 0x4753_4756; // "VGSG"
const HEADER_WORDS = 14;
const WIDTH = 2 ** 18;
const BATCH = 8192;

/** Shape of a sketch. Sketches of one shape can be merged. */
export interface SketchShape {
  /** Tokens of a window, 0 to 8. */
  readonly h: number;
  /** Counters per row: a power of two from 2^8 to 2^26. Default 2^18: four megabytes in all. */
  readonly width?: number;
  /** 32 bytes that nobody outside knows; not a mark's key. */
  readonly salt: Uint8Array;
}

/** 64 bits of each window, under a salt. */
export type WindowHashes = Pick<SeedArrays, "seedLo" | "seedHi">;

/** Hashes the windows of a text: those that some token of it follows. (T − h) */
export function windowHasher(
  { h, salt }: Pick<SketchShape, "h" | "salt">,
  kernel: Kernel = createKernel(),
): (tokens: Tokens) => WindowHashes {
  const seeder = createSeeder(kernel, keyWords(salt), "left", h);
  return (tokens) => {
    const n = Math.max(0, tokens.length - h);
    const hashes = { seedLo: new Uint32Array(n), seedHi: new Uint32Array(n) };
    if (n > 0) seeder.batch(tokens, h, hashes);
    return hashes;
  };
}

/**
 * How often each h-window was served, approximately: a plain count-min sketch (Cormode and Muthukrishnan 2005) of
 * windows hashed by ChaCha8 under a salt. It never counts too little. Whoever holds it can ask after a window he knows,
 * and cannot list any. N windows served; memory does not grow.
 */
export class ServingSketch {
  readonly h: number;
  readonly width: number;
  readonly #salt: Uint8Array;
  readonly #words: Uint32Array;
  readonly #kernel: Kernel;
  readonly #seeder: Seeder;
  /** Row after row. (4 · width) */
  readonly #counters: Counters;
  readonly #at = Array.from({ length: ROWS }, () => new Uint32Array(BATCH));
  readonly #seeds = { seedLo: new Uint32Array(BATCH), seedHi: new Uint32Array(BATCH) };
  readonly #constant = new Uint32Array(BATCH).fill(ROW_INPUT);
  #total = 0;

  /** @throws RangeError for a shape out of range */
  constructor({ h, width = WIDTH, salt }: SketchShape, kernel: Kernel = createKernel()) {
    const bits = Math.log2(width);
    if (!(Number.isInteger(bits) && bits >= 8 && bits <= 26)) {
      throw new RangeError(`width: expected a power of two from 2^8 to 2^26, got ${width}`);
    }
    if (!(Number.isInteger(h) && h >= 0 && h <= 8)) {
      throw new RangeError(`h: expected a whole number from 0 to 8, got ${h}`);
    }
    if (salt.length !== 32) throw new RangeError(`salt: expected 32 bytes, got ${salt.length}`);
    this.h = h;
    this.width = width;
    this.#salt = salt.slice();
    this.#words = keyWords(this.#salt);
    this.#kernel = kernel;
    this.#seeder = createSeeder(kernel, this.#words, "left", h);
    this.#counters = new Counters(ROWS * width);
  }

  /** Whether it can be merged with sketches of a shape. */
  hasShape({ h, width = WIDTH, salt }: SketchShape): boolean {
    return h === this.h && width === this.width && this.#salt.every((byte, i) => byte === salt[i]);
  }

  /** Windows served: N. */
  get total(): number {
    return this.#total;
  }

  /** A count exceeds the true one by more than `excess` = e N / width with probability at most `failure` = e^−4. */
  get errorBound(): { readonly excess: number; readonly failure: number } {
    return { excess: (Math.E * this.#total) / this.width, failure: Math.exp(-ROWS) };
  }

  /** Counts the windows of one served text: those that some token of it follows. */
  add(tokens: Tokens): void {
    this.#eachBatch(tokens, this.h, (n) => this.#count(n));
  }

  /** Counts windows by their hashes, which `windowHasher` made of the same h and salt. */
  addHashes({ seedLo, seedHi }: WindowHashes): void {
    for (let start = 0; start < seedLo.length; start += BATCH) {
      const [lo, hi] = [seedLo, seedHi].map((words) => words.subarray(start, start + BATCH));
      this.#locate(lo, hi, lo.length);
      this.#count(lo.length);
    }
  }

  /** How often the window before each position from … T−1 was served; never too few. (T − from) */
  counts(tokens: Tokens, from = this.h): Float64Array {
    const out = new Float64Array(Math.max(0, tokens.length - from));
    this.#eachBatch(tokens, from, (n, start) => {
      out.fill(Infinity, start, start + n);
      for (const at of this.#at) {
        for (let i = 0; i < n; i++) {
          out[start + i] = Math.min(out[start + i], this.#counters.at(at[i]));
        }
      }
    });
    return out;
  }

  /** Forgets everything, and is like new. */
  clear(): void {
    this.#counters.clear();
    this.#total = 0;
  }

  /** Adds another log's counts. @throws RangeError unless h, width and salt agree */
  merge(other: ServingSketch): void {
    if (!this.hasShape({ h: other.h, width: other.width, salt: other.#salt })) {
      throw new RangeError("other: expected a sketch of the same h, width and salt");
    }
    this.#counters.merge(other.#counters);
    this.#total += other.#total;
  }

  /**
   * Little-endian words: magic, version, h, log2 width, N (low, high), salt (8); then all counters (version 1), or, where most
   * are 0, their number and each with its index (version 2). Holds the salt: keep it private.
   */
  toBytes(): Uint8Array {
    const pieces = Array.from(this.pieces());
    const out = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of pieces) {
      out.set(piece, at);
      at += piece.length;
    }
    return out;
  }

  /** The same bytes in pieces, each some .1 ms of work, for a thread that has more to do. Nothing may be added meanwhile. */
  *pieces(): Generator<Uint8Array, void, undefined> {
    const head = new DataView(new ArrayBuffer(4 * HEADER_WORDS));
    const total = [this.#total % 2 ** 32, Math.floor(this.#total / 2 ** 32)];
    const version = this.#counters.areFew ? 2 : 1;
    [MAGIC, version, this.h, Math.log2(this.width), ...total, ...this.#words].forEach((word, i) =>
      head.setUint32(4 * i, word, true),
    );
    yield new Uint8Array(head.buffer);
    yield* this.#counters.pieces();
  }

  /** @throws VerdigrisError FILE_INVALID unless `toBytes` made them */
  static fromBytes(bytes: Uint8Array, kernel?: Kernel): ServingSketch {
    const steps = ServingSketch.reading(bytes, (shape) => new ServingSketch(shape, kernel));
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value;
    }
  }

  /** Reads the same in steps as small, into a sketch that `empty` gives. @throws VerdigrisError FILE_INVALID */
  static *reading(
    bytes: Uint8Array,
    empty: (shape: SketchShape) => ServingSketch,
  ): Generator<undefined, ServingSketch, undefined> {
    const { shape, total, areFew } = headIn(bytes);
    const sketch = empty(shape);
    sketch.#total = total;
    yield* sketch.#counters.read(bytes.subarray(4 * HEADER_WORDS), areFew);
    return sketch;
  }

  /** Calls `use` with the counters of positions from … T−1 in `#at`, a batch at a time, and the first's index. */
  #eachBatch(tokens: Tokens, from: number, use: (n: number, start: number) => void): void {
    const seeds = this.#seeds;
    for (let start = from; start < tokens.length; start += BATCH) {
      const end = Math.min(tokens.length, start + BATCH);
      const n = end - start;
      this.#seeder.batch(tokens.subarray(start - this.h, end), this.h, seeds);
      this.#locate(seeds.seedLo, seeds.seedHi, n);
      use(n, start - from);
    }
  }

  /** Writes the counters of n hashes to `#at`. */
  #locate(lo: Uint32Array, hi: Uint32Array, n: number): void {
    const shift = 32 - Math.log2(this.width);
    this.#kernel.hash(this.#words, [lo, hi, this.#constant, this.#constant], n, this.#at);
    this.#at.forEach((at, row) => {
      for (let i = 0; i < n; i++) at[i] = row * this.width + (at[i] >>> shift);
    });
  }

  #count(n: number): void {
    for (const at of this.#at) {
      for (let i = 0; i < n; i++) this.#counters.add(at[i], 1);
    }
    this.#total += n;
  }
}

function headIn(bytes: Uint8Array): {
  readonly shape: SketchShape;
  readonly total: number;
  readonly areFew: boolean;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (i: number): number => view.getUint32(4 * i, true);
  const isWhole = bytes.length > 4 * HEADER_WORDS + 3 && word(0) === MAGIC;
  const [version, h, bits] = isWhole ? [word(1), word(2), word(3)] : [0, 0, 0];
  const words = version === 2 ? 1 + 2 * word(HEADER_WORDS) : ROWS * 2 ** bits;
  const isSound = (version === 1 || version === 2) && h <= 8 && bits >= 8 && bits <= 26;
  if (!isSound || bytes.length !== 4 * (HEADER_WORDS + words)) throw notASketch();
  const shape = { h, width: 2 ** bits, salt: bytes.slice(24, 56) };
  return { shape, total: word(4) + 2 ** 32 * word(5), areFew: version === 2 };
}
