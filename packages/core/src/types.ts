/**
 * What a mark is, in one interface. Read this file first.
 *
 * Shapes: T positions, V vocabulary size, K candidates, h context width. Units: tokens, nats, log10.
 */
import type { BlockCode } from "./block-codes.js";
import type { Profile } from "./profile.js";

/** Token ids of one document, in text order. (T) */
export type Tokens = Uint32Array;

/** Effective seeds of consecutive positions, 64 bit, structure of arrays. (T) */
export interface SeedArrays {
  readonly seedLo: Uint32Array;
  readonly seedHi: Uint32Array;
  /** Further words of state that scores need, for a scheme with `extraSeedWords`; the first two name the seed. */
  readonly more?: readonly Uint32Array[];
}

/**
 * The first n coins of an array of them. A coin is identified by (seed, token): two positions with the same pair show
 * the same random outcome and count once (statistics.md, 1).
 */
export interface Coins extends SeedArrays {
  readonly token: Uint32Array;
  readonly n: number;
}

/** Law of one coin's score when the text ignores the key. */
export type NullLaw =
  /** Green list: score is 1 with probability `p`, else 0. With `oneList` all coins come from it, without replacement. */
  | { readonly kind: "bernoulli"; readonly p: number; readonly oneList?: FixedList }
  /** Gumbel: score is stochastically at most a unit exponential. */
  | { readonly kind: "exponential" }
  /** Dual-key Gumbel: score is a sum of exponentials with these means, larger first. */
  | { readonly kind: "exponentials"; readonly means: readonly [number, number] }
  /** SynthID: score is the sum over layers of weight × g-bit, each bit 1 with probability `p`. Weights (m), not negative. */
  | { readonly kind: "bits"; readonly weights: readonly number[]; readonly p: number };

/** A list of exactly `green` among `size` tokens. */
export interface FixedList {
  readonly size: number;
  readonly green: number;
}

/** Where in the sampling pipeline a scheme acts: before temperature and truncation, or after. */
export type Stage = "raw-logits" | "warped-logits";

/** A known weakness of a mark, met under this profile and key. */
export interface Weakness {
  /** Stable name, e.g. `token-0` or `key-modulo-2^32`. */
  readonly name: string;
  readonly message: string;
}

/** What coins say of a payload's code word. */
export interface PayloadReadings {
  /** Which code bit a coin carries. (n) */
  readonly index: Uint32Array;
  /** Its score if that bit is 0, and if it is 1; never both. (n) */
  readonly zero: Float64Array;
  readonly one: Float64Array;
}

/** The part of a scheme that reads its payload, whatever payload it was bound with. */
export interface PayloadReader {
  readonly code: BlockCode;
  /** Probability that a coin scores on either of its lists when the text ignores the key. */
  readonly p: number;
  /** Readings of n coins to `out[0 … n−1]`. */
  read(coins: Coins, out: PayloadReadings): void;
}

/**
 * Seeds that are each the least of several hashes, as 64-bit numbers: of the window's tokens, or of each of them with the
 * candidate and the candidate with itself. The inputs are the same under every key, and a text has few different ones.
 */
export interface LeastHash {
  readonly withCandidate: boolean;
  /** Hashes of n context tokens with n candidates, which count only `withCandidate`. */
  hash(context: Tokens, candidate: Tokens, out: SeedArrays): void;
}

/** How a mark's own detector weighs positions by what a model proposed there. The key has no part in it. */
export interface ModelWeighting {
  /** A position's figure, of the model's next-token logits, nats up to a constant. */
  figure(logits: Float32Array): number;
  /** Weights, not negative, of the positions of one text. (n) */
  weights(figures: Float64Array): Float64Array;
}

/** A watermark bound to one key. No method takes a key, so none can take the wrong one. */
export interface Scheme {
  readonly profile: Profile;
  readonly h: number;
  readonly law: NullLaw;
  readonly stage: Stage;
  /** What names a coin: seed and token, or the seed alone where it already holds all that matters of the token. */
  readonly coin: "seed-and-token" | "seed";
  /** Whether the key enters which positions share a coin; false only where the text alone decides. */
  readonly coinsDependOnKey: boolean;
  /** For seeds that are the least of several hashes: where the key enters. Only without `isKeyless` and further seed words. */
  readonly leastHash?: LeastHash | undefined;
  /** Whether the h tokens before a position alone decide its seed. Default: its own token may enter too. */
  readonly seedsLookBack?: boolean;
  /** Words of state beyond the first two that `seeds` writes and `scores` reads. */
  readonly extraSeedWords: number;
  /** Weaknesses of the mark's own design that a reader of its verdicts must know. */
  readonly weaknesses: readonly Weakness[];
  /**
   * Whether a seed is reached without the key, so that its coins are the same under every key; such coins must not count
   * (statistics.md: the key is what is random). Only with `coinsDependOnKey`. Default: no seed is.
   */
  readonly isKeyless?: ((seedLo: number, seedHi: number) => boolean) | undefined;
  /** For a mark that carries a payload in code: how to read it when it is not known. */
  readonly payload?: PayloadReader;
  /** For a mark whose own detector asks a model how much each position counts; without one all count alike. */
  readonly modelWeighting?: ModelWeighting;
  /**
   * Reweights one step's logits in place.
   * `context`: the preceding tokens, at least h of them; only the last h matter.
   * `logits`: the whole row (V), or the scores of `ids` (K) when an engine hands over candidates.
   */
  reweight(context: Tokens, logits: Float32Array, ids?: Uint32Array): void;
  /** Writes the effective seeds of positions `from … T−1` to `out[0 …]`. Needs from ≥ h. */
  seeds(tokens: Tokens, from: number, out: SeedArrays): void;
  /** Evidence of n coins to `out[0 … n−1]`; larger = more marked, for every scheme. */
  scores(coins: Coins, out: Float64Array): void;
}

/** Candidates for the next token as an engine hands them over: raw logits at temperature 1. */
export interface Candidates {
  readonly ids: Uint32Array; // (K)
  readonly logits: Float32Array; // (K), nats up to a constant
}

/** One running sequence of a language model. */
export interface ModelSequence {
  /** Candidates for the token after everything pushed so far. */
  next(): Candidates | Promise<Candidates>;
  /** Appends one token. */
  push(token: number): void;
  /** Frees the sequence; idempotent. */
  end(): void;
}

/** Anything that proposes next tokens: an engine, a recorded model, a count model. */
export interface LanguageModel {
  readonly vocabularySize: number;
  /** Tokens that end a sequence. */
  readonly endTokens: ReadonlySet<number>;
  start(prompt: Tokens): ModelSequence | Promise<ModelSequence>;
}

/** A source of randomness for experiments and sampling; never a mark's key. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}
