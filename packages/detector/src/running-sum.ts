/** Coins and the sum of their scores from the first piece of a transcript to the end of each. (pieces) */
export interface PieceEnds {
  readonly n: Float64Array;
  readonly sum: Float64Array;
}

/** More coins than are ever added at once; a small integer keeps loops on integers. */
const MANY = 2 ** 29;

/** Sums the scores of a transcript in their order, and on request writes down what the sum is where pieces end. */
export class RunningSum {
  readonly #ends: PieceEnds | undefined;
  /** Pieces whose end is known, and of them those whose sum is written. */
  #known = 0;
  #written = 0;
  n = 0;
  sum = 0;

  constructor(ends?: PieceEnds) {
    this.#ends = ends;
  }

  /** The next piece ends after so many coins of the transcript: as many as are summed, or more. */
  endPiece(coins: number): void {
    if (this.#ends !== undefined) this.#ends.n[this.#known++] = coins;
  }

  /** Adds the first `count` scores. */
  add(scores: Float64Array, count: number): void {
    this.#write();
    for (let from = 0; from < count;) {
      const to = Math.min(count, from + this.#untilEnd());
      this.#addPart(scores, from, to);
      from = to;
      this.#write();
    }
  }

  /** Coins until the next piece ends, as far as that is known. */
  #untilEnd(): number {
    if (this.#ends === undefined || this.#written === this.#known) return MANY;
    return this.#ends.n[this.#written] - this.n;
  }

  /** The sum does not depend on how the scores come in parts. */
  #addPart(scores: Float64Array, from: number, to: number): void {
    let { sum } = this;
    for (let i = from; i < to; i++) sum += scores[i];
    this.sum = sum;
    this.n += to - from;
  }

  /** Writes the sum of pieces that end here. */
  #write(): void {
    const ends = this.#ends;
    if (ends === undefined) return;
    while (this.#written < this.#known && ends.n[this.#written] === this.n) {
      ends.sum[this.#written++] = this.sum;
    }
  }
}
