import {
  type Coins,
  type Scheme,
  type SeedArrays,
  type Tokens,
  joined,
  seedArrays,
} from "@verdigris/core";
import { CoinSet } from "./coin-set.js";

/** Positions per call into the scheme: bounds the buffers, whatever the document's length. */
const BATCH = 8192;

/** What a tally is told about a piece of text. */
export interface Piece {
  readonly tokens: Tokens;
  /** What the suspect was shown before it wrote this text. */
  readonly prompt?: Tokens;
  /** Whether the piece goes on where the last one ended. */
  readonly continues?: boolean;
}

/** What was counted, and what was not and why. */
export interface Count {
  /** Scored positions: distinct coins. */
  readonly n: number;
  /** Sum of their scores. */
  readonly sum: number;
  /** Tokens seen. */
  readonly tokens: number;
  /** Positions not scored. */
  readonly unscored: {
    /** The coin was counted before. */
    readonly repeated: number;
    /** The window occurs in the prompt. */
    readonly prompt: number;
    /** The seed is reached without the key: the coin is the same under every key. */
    readonly keyless: number;
    /** Special token, or fewer than h tokens of context. */
    readonly noContext: number;
  };
}

/** How coins are counted. */
export interface TallyOptions {
  /** False counts every position: invalid on repetitive text; the canary of the calibration tests. */
  readonly deduplicate?: boolean;
  /** Coins remembered exactly (8 to 26 bytes each); beyond, memory stays as it is and some new coins are dropped. Default: all. */
  readonly memory?: number;
  /** Told of the coins that count, in text order: token index within everything added, and score, of the first n. */
  readonly observe?: (positions: Uint32Array, scores: Float64Array, n: number) => void;
}

/**
 * Counts coins over any number of texts, each coin once (statistics.md 1–4). Windows never cross a text, a
 * special token or the prompt. Memory grows with the number of distinct coins only.
 */
export class Tally {
  readonly #scheme: Scheme;
  /** 1 at special ids. (V) */
  readonly #special: Uint8Array;
  readonly #deduplicate: boolean;
  readonly #observe: TallyOptions["observe"];
  readonly #positions: Uint32Array;
  /** Which coins of a batch count. */
  readonly #places = new Uint32Array(BATCH);
  readonly #memory: number | undefined;
  #seen: CoinSet;
  readonly #coins: SeedArrays & { readonly token: Uint32Array };
  readonly #scores = new Float64Array(BATCH);
  #shown: CoinSet;
  #carry: Tokens = new Uint32Array(0);
  #sum = 0;
  #n = 0;
  #tokens = 0;
  #repeated = 0;
  #inPrompt = 0;
  #keyless = 0;

  constructor(scheme: Scheme, options: TallyOptions = {}) {
    this.#scheme = scheme;
    this.#coins = { ...seedArrays(scheme, BATCH), token: new Uint32Array(BATCH) };
    this.#special = new Uint8Array(scheme.profile.V);
    for (const id of scheme.profile.specialTokens) this.#special[id] = 1;
    this.#deduplicate = options.deduplicate ?? true;
    this.#observe = options.observe;
    this.#positions = new Uint32Array(options.observe === undefined ? 0 : BATCH);
    this.#memory = options.memory;
    this.#seen = new CoinSet(scheme.coin, this.#memory);
    this.#shown = this.#noneShown();
  }

  /** Whether every coin is remembered exactly; if not, some new ones were taken for repeated ones. */
  get exact(): boolean {
    return this.#seen.exact;
  }

  /** Forgets everything added: cheaper than a new tally. */
  reset(): void {
    this.#seen = new CoinSet(this.#scheme.coin, this.#memory);
    this.#shown = this.#noneShown();
    this.#carry = new Uint32Array(0);
    [this.#sum, this.#n, this.#tokens] = [0, 0, 0];
    [this.#repeated, this.#inPrompt, this.#keyless] = [0, 0, 0];
  }

  /** Counts one piece of text. @throws RangeError for a token id ≥ V */
  add(piece: Piece): void {
    checkIds("tokens", piece.tokens, this.#scheme.profile.V);
    if (piece.continues !== true) this.#begin(piece.prompt);
    this.#seen.reserve(piece.tokens.length);
    const text = this.#carry.length === 0 ? piece.tokens : joined([this.#carry, piece.tokens]);
    const origin = this.#tokens - this.#carry.length - text.byteOffset / 4;
    this.#tokens += piece.tokens.length;
    for (const segment of this.#segments(text)) {
      const start = origin + segment.byteOffset / 4;
      this.#eachCoin(segment, (coins, first) => this.#score(coins, start + first));
    }
  }

  /** The count so far. */
  count(): Count {
    return {
      n: this.#n,
      sum: this.#sum,
      tokens: this.#tokens,
      unscored: {
        repeated: this.#repeated,
        prompt: this.#inPrompt,
        keyless: this.#keyless,
        noContext: this.#tokens - this.#n - this.#repeated - this.#inPrompt - this.#keyless,
      },
    };
  }

  /** Starts a text: no carried context, and the prompt's windows are known. */
  #begin(prompt: Tokens | undefined): void {
    this.#carry = new Uint32Array(0);
    if (this.#shown.size > 0) this.#shown = this.#noneShown();
    if (prompt === undefined || this.#scheme.profile.promptRule === "none") return;
    checkIds("prompt", prompt, this.#scheme.profile.V);
    for (const segment of splitAt(prompt, this.#special)) {
      this.#eachCoin(segment, ({ seedLo, seedHi, token, n }) => {
        for (let i = 0; i < n; i++) this.#shown.add(seedLo[i], seedHi[i], token[i]);
      });
    }
  }

  /** A window is known by its seed; with h = 0 there is one window, so its tokens are told apart. */
  #noneShown(): CoinSet {
    return new CoinSet(this.#scheme.h === 0 ? "seed-and-token" : "seed");
  }

  /** The runs of ordinary tokens; the end of the last is carried over. */
  #segments(text: Tokens): readonly Tokens[] {
    const segments = splitAt(text, this.#special);
    const last = segments.at(-1) ?? text.subarray(text.length);
    this.#carry = last.slice(Math.max(0, last.length - this.#scheme.h));
    return segments;
  }

  /** Calls `use` with the coins of positions h … T−1, a batch at a time, and the first's position; it may overwrite them. */
  #eachCoin(segment: Tokens, use: (coins: Coins, first: number) => void): void {
    const { h } = this.#scheme;
    const { token } = this.#coins;
    for (let start = h; start < segment.length; start += BATCH) {
      const end = Math.min(segment.length, start + BATCH);
      this.#scheme.seeds(segment.subarray(start - h, end), h, this.#coins);
      token.set(segment.subarray(start, end));
      use({ ...this.#coins, n: end - start }, start);
    }
  }

  /** Scores the coins that count, and those alone: a repeated coin costs no score. Overwrites `coins`. */
  #score(coins: Coins, start: number): void {
    const [observe, positions, scores] = [this.#observe, this.#positions, this.#scores];
    if (observe !== undefined) for (let i = 0; i < coins.n; i++) positions[i] = start + i;
    const fresh = this.#fresh(this.#allowed(coins));
    this.#scheme.scores(fresh, scores);
    observe?.(positions, scores, fresh.n);
    // In a local, and from where the sum was: it must not depend on how the text came in pieces.
    let sum = this.#sum;
    for (let i = 0; i < fresh.n; i++) sum += scores[i];
    this.#sum = sum;
    this.#n += fresh.n;
  }

  /** The coins whose seed was neither shown nor reached without the key. */
  #allowed(coins: Coins): Coins {
    const [shown, places] = [this.#shown, this.#places];
    const { isKeyless } = this.#scheme;
    if (shown.size === 0 && isKeyless === undefined) return coins;
    const { seedLo, seedHi, token } = coins;
    let allowed = 0;
    for (let i = 0; i < coins.n; i++) {
      if (shown.has(seedLo[i], seedHi[i], token[i])) this.#inPrompt++;
      else if (isKeyless?.(seedLo[i], seedHi[i]) === true) this.#keyless++;
      else places[allowed++] = i;
    }
    this.#move([seedLo, seedHi, token, ...(coins.more ?? [])], allowed);
    return { ...coins, n: allowed };
  }

  /** The coins that were not counted before. */
  #fresh(coins: Coins): Coins {
    if (!this.#deduplicate) return coins;
    const n = this.#seen.addEach(coins, this.#places);
    this.#repeated += coins.n - n;
    if (n < coins.n) this.#move(coins.more, n);
    return { ...coins, n };
  }

  /** Moves what belongs to the coins at the first n of `#places` to the front. */
  #move(columns: readonly Uint32Array[] = [], n: number): void {
    for (const words of columns) moveToFront(words, this.#places, n);
    if (this.#observe !== undefined) moveToFront(this.#positions, this.#places, n);
  }
}

/** Moves the words at the first n of ascending places to the front. */
function moveToFront(words: Uint32Array, places: Uint32Array, n: number): void {
  for (let i = 0; i < n; i++) words[i] = words[places[i]];
}

/** Runs of tokens between special ones. */
function splitAt(tokens: Tokens, special: Uint8Array): readonly Tokens[] {
  const runs: Tokens[] = [];
  let start = 0;
  for (let i = 0; i <= tokens.length; i++) {
    if (i < tokens.length && special[tokens[i]] === 0) continue;
    if (i > start || i === tokens.length) runs.push(tokens.subarray(start, i));
    start = i + 1;
  }
  return runs;
}

function checkIds(name: string, tokens: Tokens, V: number): void {
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] >= V)
      throw new RangeError(`${name}[${i}]: expected a token id below V = ${V}, got ${tokens[i]}`);
  }
}
