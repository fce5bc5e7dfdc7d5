/** Many keys on one transcript, for seeds that are the least of several hashes: n windows, w hashes in each. */
import {
  type Scheme,
  type ScoredCoins,
  type SeedArrays,
  type Tokens,
  joined,
} from "@verdigris/core";
import { type PairList, PairNumbers } from "./pair-numbers.js";
import { type PieceEnds, RunningSum } from "./running-sum.js";
import { type Piece, Tally, type TallyOptions } from "./tally.js";

/** Coins per call into the scheme. */
const BATCH = 8192;
/** Largest n w: up to 28 bytes each while windows are laid out, and 8 to 33 afterwards. */
const MOST = 1 << 22;

/** Windows of one piece of text, or of what its writer was shown. */
interface Section {
  readonly kind: "text" | "shown";
  /** Whether a text begins here: what was shown before it is of no matter. */
  readonly begins: boolean;
  readonly from: number;
  readonly to: number;
}

/**
 * The windows of a transcript as lists of what is hashed. Each key hashes every different input once, picks the least of each
 * window, and knows a coin by the pair of context token and candidate that it was: the counts and sums of a tally, unless
 * two of P inputs have one hash (probability P²/2^65).
 */
export class LeastHashes {
  readonly #windows: Windows;
  /** What is hashed, and which of it the hashes of each window are: context tokens, or the pairs themselves. (P), (n w) */
  readonly #list: PairList;
  readonly #inputs: Uint32Array;
  readonly #hashes: SeedArrays;
  /** 1 at pairs whose coin was counted. */
  readonly #counted: Uint8Array;
  /** What a counted pair gets; 0 counts every position. */
  readonly #mark: 0 | 1;
  /** The last text, numbered over all keys, whose writer was shown an input's window. (P) */
  readonly #shownIn: Uint32Array;
  readonly #room = {
    seedLo: new Uint32Array(BATCH),
    seedHi: new Uint32Array(BATCH),
    token: new Uint32Array(BATCH),
    score: new Float64Array(BATCH),
  };
  #text = 1;

  private constructor(windows: Windows, deduplicate: boolean) {
    this.#mark = deduplicate ? 1 : 0;
    const { pairs, list, withCandidate } = windows;
    this.#windows = windows;
    const tokens = new PairNumbers(withCandidate ? 0 : list.left.length);
    const inputOf = withCandidate ? null : list.left.map((token) => tokens.of(token, 0));
    this.#list = withCandidate ? list : tokens.list();
    this.#inputs = inputOf === null ? pairs : pairs.map((pair) => inputOf[pair]);
    const P = this.#list.left.length;
    this.#hashes = { seedLo: new Uint32Array(P), seedHi: new Uint32Array(P) };
    this.#counted = new Uint8Array(list.left.length);
    this.#shownIn = new Uint32Array(P);
  }

  /** Lays a transcript out; null if a tally could not remember it all, it is too long, or seeds are made otherwise. */
  static of(
    scheme: Scheme,
    pieces: readonly Piece[],
    { memory = Infinity, deduplicate = true }: TallyOptions,
  ): LeastHashes | null {
    if (scheme.leastHash === undefined) return null;
    const { withCandidate } = scheme.leastHash;
    const tokens = pieces.reduce((n, p) => n + p.tokens.length + (p.prompt?.length ?? 0), 0);
    const hashes = tokens * (scheme.h + (withCandidate ? 1 : 0));
    if (hashes > MOST || tokens > memory) return null;
    return new LeastHashes(new Windows(scheme, pieces, { withCandidate, hashes }), deduplicate);
  }

  /** What a tally under a scheme's key counts. */
  under(scheme: Scheme, ends?: PieceEnds): { readonly n: number; readonly sum: number } {
    scheme.leastHash?.hash(this.#list.left, this.#list.right, this.#hashes);
    this.#counted.fill(0);
    const sum = new CoinSum(scheme, this.#room, new RunningSum(ends));
    this.#text++;
    for (const section of this.#windows.sections) {
      if (section.begins) this.#text++;
      if (section.kind === "shown") this.#show(section);
      else this.#count(section, sum);
    }
    return sum.total();
  }

  #show({ from, to }: Section): void {
    for (let row = from; row < to; row++) {
      this.#shownIn[this.#inputs[this.#leastOf(row)]] = this.#text;
    }
  }

  #count({ from, to }: Section, sum: CoinSum): void {
    const [counted, shownIn, inputs] = [this.#counted, this.#shownIn, this.#inputs];
    const mark = this.#mark;
    const { pairs, list } = this.#windows;
    const { seedLo, seedHi } = this.#hashes;
    for (let row = from; row < to; row++) {
      const at = this.#leastOf(row);
      const pair = pairs[at];
      const input = inputs[at];
      if (counted[pair] === 1 || shownIn[input] === this.#text) continue;
      counted[pair] = mark;
      sum.push(seedLo[input], seedHi[input], list.right[pair]);
    }
    sum.endPiece();
  }

  /** Where the least hash of a window is: by its upper 31 bits without a branch, since none can be foreseen. */
  #leastOf(row: number): number {
    const { w } = this.#windows;
    const { seedHi } = this.#hashes;
    const inputs = this.#inputs;
    let best = row * w;
    let least = seedHi[inputs[best]] >>> 1;
    for (let at = best + 1; at < row * w + w; at++) {
      const other = seedHi[inputs[at]] >>> 1;
      if (other === least) best = this.#lesserOf(best, at);
      const isLess = (other - least) >> 31;
      least ^= (least ^ other) & isLess;
      best ^= (best ^ at) & isLess;
    }
    return best;
  }

  /** Of two hashes the lesser one's place; the first if they are equal. */
  #lesserOf(a: number, b: number): number {
    const { seedLo, seedHi } = this.#hashes;
    const [one, other] = [this.#inputs[a], this.#inputs[b]];
    const isLess =
      seedHi[other] < seedHi[one] || (seedHi[other] === seedHi[one] && seedLo[other] < seedLo[one]);
    return isLess ? b : a;
  }
}

/** Room for coins that wait for their scores. (BATCH) */
type Room = Omit<ScoredCoins, "n">;

/** Scores of coins, summed in their order. */
class CoinSum {
  readonly #scheme: Scheme;
  readonly #room: Room;
  readonly #sum: RunningSum;
  #waiting = 0;

  constructor(scheme: Scheme, room: Room, sum: RunningSum) {
    this.#scheme = scheme;
    this.#room = room;
    this.#sum = sum;
  }

  push(seedLo: number, seedHi: number, token: number): void {
    const at = this.#waiting++;
    this.#room.seedLo[at] = seedLo;
    this.#room.seedHi[at] = seedHi;
    this.#room.token[at] = token;
    if (at === BATCH - 1) this.#flush();
  }

  endPiece(): void {
    this.#sum.endPiece(this.#sum.n + this.#waiting);
  }

  total(): { readonly n: number; readonly sum: number } {
    this.#flush();
    return { n: this.#sum.n, sum: this.#sum.sum };
  }

  #flush(): void {
    this.#scheme.scores({ ...this.#room, n: this.#waiting }, this.#room.score);
    this.#sum.add(this.#room.score, this.#waiting);
    this.#waiting = 0;
  }
}

/** All windows of a transcript that can count, shown ones included. */
class Windows {
  /** Hashes in each. */
  readonly w: number;
  readonly withCandidate: boolean;
  readonly sections: readonly Section[];
  /** Pair of context token and candidate of each hash of each window. (n w) */
  readonly pairs: Uint32Array;
  /** The different pairs. */
  readonly list: PairList;

  constructor(
    scheme: Scheme,
    pieces: readonly Piece[],
    { withCandidate, hashes }: { readonly withCandidate: boolean; readonly hashes: number },
  ) {
    const { h } = scheme;
    this.w = h + (withCandidate ? 1 : 0);
    this.withCandidate = withCandidate;
    const numbers = new PairNumbers(hashes);
    const pairs = new Uint32Array(hashes);
    const sections: Section[] = [];
    let length = 0;
    /** A tally that counts nothing but lists the windows of what it is given, in `tokens`. */
    const reader = (tokens: Tokens): Tally =>
      new Tally(scheme, {
        deduplicate: false,
        observe(positions, _scores, n) {
          for (let i = 0; i < n; i++) {
            const at = positions[i];
            if (withCandidate) pairs[length++] = numbers.of(tokens[at], tokens[at]);
            for (let j = at - h; j < at; j++) pairs[length++] = numbers.of(tokens[j], tokens[at]);
          }
        },
      });
    const read = (tally: Tally, piece: Piece, section: Pick<Section, "kind" | "begins">): void => {
      const from = length / this.w;
      tally.add(piece);
      sections.push({ ...section, from, to: length / this.w });
    };
    const text = reader(joined(pieces.map(({ tokens }) => tokens)));
    for (const { tokens, prompt, continues = false } of pieces) {
      const isShown = !continues && prompt !== undefined && scheme.profile.promptRule !== "none";
      if (isShown) read(reader(prompt), { tokens: prompt }, { kind: "shown", begins: true });
      read(text, { tokens, continues }, { kind: "text", begins: !continues && !isShown });
    }
    this.sections = sections;
    this.pairs = pairs.slice(0, length);
    this.list = numbers.list();
  }
}
