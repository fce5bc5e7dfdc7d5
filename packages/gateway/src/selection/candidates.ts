/** Which of several continuations carries most of a mark. */
import { type Scheme, coinsOf, moments } from "@verdigris/core";
import type { Tokenizer } from "@verdigris/text/portable";

/** Tokens before a passage that can change how it is split: a passage may begin inside a word. */
const SEAM = 16;

/** A text that grows by chosen passages. */
export class GrowingText {
  readonly #scheme: Scheme;
  readonly #tokenizer: Pick<Tokenizer, "encode">;
  /** Coins of the text so far: a second look at one counts for nothing. */
  readonly #seen = new Set<string>();
  #text = "";

  constructor(scheme: Scheme, tokenizer: Pick<Tokenizer, "encode">) {
    this.#scheme = scheme;
    this.#tokenizer = tokenizer;
  }

  get text(): string {
    return this.#text;
  }

  /**
   * Index of the passage whose new coins say most for the mark: their sum above its mean under H0, in standard deviations.
   * The first of equals; one without new coins counts as chance. @throws RangeError for no passages
   */
  best(passages: readonly string[]): number {
    if (passages.length === 0) throw new RangeError("passages: expected at least one, got none");
    const excess = passages.map((passage) => this.#excess(passage));
    return excess.indexOf(Math.max(...excess));
  }

  /** Makes a passage part of the text. */
  add(passage: string): void {
    for (const [name] of this.#coins(passage)) this.#seen.add(name);
    this.#text += passage;
  }

  #excess(passage: string): number {
    const fresh = this.#coins(passage);
    const { mean, variance } = moments(this.#scheme.law);
    let sum = 0;
    for (const score of fresh.values()) sum += score - mean;
    return fresh.size === 0 ? 0 : sum / Math.sqrt(fresh.size * variance);
  }

  /** The coins that a passage would add, by name. */
  #coins(passage: string): ReadonlyMap<string, number> {
    const scheme = this.#scheme;
    const before = this.#tokenizer.encode(this.#text);
    const after = this.#tokenizer.encode(this.#text + passage);
    const from = Math.max(scheme.h, before.length - SEAM);
    const { seedLo, seedHi, token, score, n } = coinsOf(scheme, after, from);
    const fresh = new Map<string, number>();
    for (let i = 0; i < n; i++) {
      const seed = `${seedLo[i]} ${seedHi[i]}`;
      const name = scheme.coin === "seed" ? seed : `${seed} ${token[i]}`;
      if (!this.#seen.has(name)) fresh.set(name, score[i]);
    }
    return fresh;
  }
}
