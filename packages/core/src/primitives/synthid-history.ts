import type { Word64 } from "./int64.js";

/**
 * SynthID's memory of context hashes: a queue that starts full of zeros. A step whose context it remembers is left
 * unmarked, and in detection not scored.
 */
export class SynthIdHistory {
  readonly #hashes: string[];

  /** @param size contexts remembered */
  constructor(size: number) {
    this.#hashes = Array.from({ length: size }, () => "0,0");
  }

  /** Whether a context is remembered; from now on it is. */
  repeats({ lo, hi }: Word64): boolean {
    const hash = `${hi},${lo}`;
    const known = this.#hashes.includes(hash);
    this.#hashes.push(hash);
    this.#hashes.shift();
    return known;
  }
}
