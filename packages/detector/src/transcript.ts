import type { Piece } from "./tally.js";

/** Tokens kept: 8 MiB. */
const BUDGET = 2_000_000;

interface Kept<P> {
  readonly rank: number;
  readonly pieces: P[];
  tokens: number;
}

/**
 * The texts of a test, for another look under other keys. Past a budget of tokens it keeps a uniform sample of documents,
 * the lowest of pseudo-random ranks, so that a document's place in the input does not matter; one document above the
 * budget keeps its beginning.
 */
export class Transcript<P extends Piece = Piece> {
  readonly #budget: number;
  #documents: Kept<P>[] = [];
  /** The document that is being added; null if it is left out. */
  #current: Kept<P> | null = null;
  /** Documents of lower rank are kept. */
  #threshold = 2 ** 32;
  #started = 0;
  #tokens = 0;
  #isWhole = true;

  constructor(budget = BUDGET) {
    this.#budget = budget;
  }

  /** Whether nothing was left out. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** What is kept, in the order in which it came. */
  get pieces(): readonly P[] {
    return this.#documents.flatMap(({ pieces }) => pieces);
  }

  add(piece: P): void {
    if (piece.continues !== true || this.#started === 0) this.#begin();
    if (this.#current === null) {
      this.#isWhole = false;
      return;
    }
    this.#current.pieces.push(piece);
    this.#current.tokens += piece.tokens.length;
    this.#tokens += piece.tokens.length;
    while (this.#tokens > this.#budget && this.#documents.length > 1) this.#halve();
    if (this.#tokens > this.#budget) this.#cut();
  }

  #begin(): void {
    const rank = rankOf(this.#started++);
    this.#current = rank < this.#threshold ? { rank, pieces: [], tokens: 0 } : null;
    if (this.#current !== null) this.#documents.push(this.#current);
  }

  /** Keeps the lower half of the ranks. */
  #halve(): void {
    const ranks = this.#documents.map(({ rank }) => rank).sort((a, b) => a - b);
    this.#threshold = ranks[ranks.length >> 1];
    this.#documents = this.#documents.filter(({ rank }) => rank < this.#threshold);
    this.#tokens = this.#documents.reduce((sum, { tokens }) => sum + tokens, 0);
    this.#isWhole = false;
    if ((this.#current?.rank ?? 0) >= this.#threshold) this.#current = null;
  }

  /** Ends the only document at the budget. */
  #cut(): void {
    const last = this.#documents[0].pieces.pop();
    if (last === undefined) return;
    const room = this.#budget - (this.#tokens - last.tokens.length);
    this.#documents[0].pieces.push({ ...last, tokens: last.tokens.slice(0, room) });
    this.#documents[0].tokens = this.#budget;
    this.#tokens = this.#budget;
    this.#current = null;
    this.#isWhole = false;
  }
}

/** A fixed pseudo-random permutation of 32-bit words (Wellons' "lowbias32"): the sample is the same every time. */
function rankOf(i: number): number {
  let x = (i + 0x9e37_79b9) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb_352d);
  x = Math.imul(x ^ (x >>> 15), 0x846c_a68b);
  return (x ^ (x >>> 16)) >>> 0;
}
