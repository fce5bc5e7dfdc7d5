import {
  type NullLaw,
  type Scheme,
  type SeedArrays,
  type Tokens,
  joined,
  seedArrays,
} from "@verdigris/core";
import { LeastHashes } from "./least-hashes.js";
import { type PieceEnds, RunningSum } from "./running-sum.js";
import { type Piece, Tally, type TallyOptions } from "./tally.js";

/** Coins per call into the scheme. */
const BATCH = 8192;

/** What one key sees in a transcript. */
export interface KeySum {
  readonly law: NullLaw;
  readonly n: number;
  readonly sum: number;
}

/** What a transcript shows under a key; where `ends` is given, also what it showed up to the end of each piece. */
export type ManyKeysScorer = (scheme: Scheme, ends?: PieceEnds) => KeySum;

/**
 * Scores one transcript under many keys of one profile: the same sums as a tally per key. What the scheme declares to be no matter of the
 * key is done once, under the first one: which positions share a coin, or what is hashed for their seeds.
 */
export function scorerOf(
  pieces: readonly Piece[],
  options: Omit<TallyOptions, "observe"> = {},
): ManyKeysScorer {
  let shared: Shared | null = null;
  return (scheme, ends) => {
    shared ??= sharedOf(scheme, pieces, options);
    return { law: scheme.law, ...shared.under(scheme, ends) };
  };
}

/** Whether many keys cost less than a tally each. */
export function sharesWork(scheme: Scheme): boolean {
  return !scheme.coinsDependOnKey || scheme.leastHash !== undefined;
}

/** Whatever is done once for many keys. */
interface Shared {
  /** What a tally under a scheme's key counts. */
  under(scheme: Scheme, ends?: PieceEnds): Omit<KeySum, "law">;
}

function sharedOf(scheme: Scheme, pieces: readonly Piece[], options: TallyOptions): Shared {
  if (!scheme.coinsDependOnKey) return windowsOf(scheme, pieces, options);
  return (
    LeastHashes.of(scheme, pieces, options) ?? {
      under(other, ends) {
        const tally = new Tally(other, options);
        pieces.forEach((piece, i) => {
          tally.add(piece);
          if (ends !== undefined) ({ n: ends.n[i], sum: ends.sum[i] } = tally.count());
        });
        const { n, sum } = tally.count();
        return { n, sum };
      },
    }
  );
}

/** The windows that count, overlapping ones laid on each other. */
class Windows implements Shared {
  /** Every window and the token after it. */
  readonly #laid: Tokens;
  /** Places of those tokens in `laid`, ascending. (n) */
  readonly at: Uint32Array;
  /** The tokens themselves. (n) */
  readonly #token: Uint32Array;
  /** How many of them come up to the end of each piece. (pieces) */
  readonly #ends: readonly number[];
  readonly #scores = new Float64Array(BATCH);
  #seeds: SeedArrays | null = null;

  constructor(laid: Tokens, at: Uint32Array, ends: readonly number[]) {
    this.#laid = laid;
    this.at = at;
    this.#token = Uint32Array.from(at, (place) => laid[place]);
    this.#ends = ends;
  }

  under(scheme: Scheme, ends?: PieceEnds): Omit<KeySum, "law"> {
    const { h } = scheme;
    const seeds = (this.#seeds ??= seedArrays(scheme, BATCH));
    const total = new RunningSum(ends);
    for (const coins of this.#ends) total.endPiece(coins);
    total.add(this.#scores, 0);
    let first = 0;
    for (let start = h; start < this.#laid.length; start += BATCH) {
      const end = Math.min(this.#laid.length, start + BATCH);
      scheme.seeds(this.#laid.subarray(start - h, end), h, seeds);
      const next = this.#gather(seeds, { start, end, first });
      const token = this.#token.subarray(first, next);
      scheme.scores({ ...seeds, token, n: next - first }, this.#scores);
      total.add(this.#scores, next - first);
      first = next;
    }
    return { n: total.n, sum: total.sum };
  }

  /** Moves the seeds of the places from start … end − 1 to the front; the value is the first place beyond. */
  #gather(
    { seedLo, seedHi, more = [] }: SeedArrays,
    { start, end, first }: { readonly start: number; readonly end: number; readonly first: number },
  ): number {
    const { at } = this;
    let next = first;
    for (; next < at.length && at[next] < end; next++) {
      const from = at[next] - start;
      seedLo[next - first] = seedLo[from];
      seedHi[next - first] = seedHi[from];
      for (const word of more) word[next - first] = word[from];
    }
    return next;
  }
}

/** Lays out the windows of the coins that a tally counts. */
function windowsOf(scheme: Scheme, pieces: readonly Piece[], options: TallyOptions): Windows {
  const counted: Uint32Array[] = [];
  const tally = new Tally(scheme, {
    ...options,
    observe: (positions, _scores, n) => counted.push(positions.slice(0, n)),
  });
  const ends = pieces.map((piece) => {
    tally.add(piece);
    return tally.count().n;
  });
  const text = joined(pieces.map(({ tokens }) => tokens));
  const { h } = scheme;
  const at = joined(counted);
  const laid = new Uint32Array(Math.min(text.length, at.length * (h + 1)));
  let [length, before] = [0, -1];
  at.forEach((position, i) => {
    // Up to h tokens on, the windows overlap or touch: what lies between is laid down too.
    const from = before >= 0 && position - before <= h + 1 ? before + 1 : position - h;
    for (let t = from; t <= position; t++) laid[length++] = text[t];
    before = position;
    at[i] = length - 1;
  });
  return new Windows(laid.slice(0, length), at, ends);
}
