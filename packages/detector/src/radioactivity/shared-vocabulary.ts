import type { Tokens } from "@verdigris/core";
import type { Prediction } from "./open.js";
import type { Draws } from "./layout.js";

/** What is needed of a tokenizer: text to ids, and each id's bytes. */
export interface Speller {
  readonly vocabularySize: number;
  readonly specialTokens: ReadonlySet<number>;
  encode(text: string): Uint32Array;
  bytes(id: number): Uint8Array;
}

/** A place in a text where both tokenisations end a token: what came before, in either. */
export interface SharedContext {
  /** In the marked teacher's tokens. */
  readonly teacher: Tokens;
  /** In the suspect's. */
  readonly suspect: Tokens;
}

/** Below so little mass on tokens that both know, a prediction says nothing. */
const LEAST_MASS = 1e-3;

/**
 * How a suspect with another tokenizer is audited: contexts end where both tokenisations end, and of what it says
 * only tokens count that are one token in both vocabularies. Both rules look at text alone, never at the key, so what is left has
 * the mark's own null law (Xu et al. 2026; TextSeal 2026).
 */
export class SharedVocabulary {
  readonly #teacher: Speller;
  readonly #suspect: Speller;
  /** The suspect's id → the teacher's. */
  readonly #known = new Map<number, number>();

  constructor(spellers: { readonly teacher: Speller; readonly suspect: Speller }) {
    this.#teacher = spellers.teacher;
    this.#suspect = spellers.suspect;
    const byBytes = new Map(spellings(spellers.teacher).map(([id, bytes]) => [bytes, id]));
    for (const [id, bytes] of spellings(spellers.suspect)) {
      const other = byBytes.get(bytes);
      if (other !== undefined) this.#known.set(id, other);
    }
  }

  /** Tokens that both know. */
  get size(): number {
    return this.#known.size;
  }

  /** Contexts of texts, each ending in a teacher's window of h tokens that no other one ends in, as the tests require. */
  contexts(texts: readonly string[], h: number): readonly SharedContext[] {
    const seen = new Set<string>();
    const out: SharedContext[] = [];
    for (const text of texts) {
      const teacher = this.#teacher.encode(text);
      const suspect = this.#suspect.encode(text);
      for (const [t, s] of sharedEnds(ends(this.#teacher, teacher), ends(this.#suspect, suspect))) {
        const window = teacher.subarray(Math.max(0, t - h), t).join(" ");
        if (t < h || seen.has(window)) continue;
        seen.add(window);
        out.push({ teacher: teacher.subarray(0, t), suspect: suspect.subarray(0, s) });
      }
    }
    return out;
  }

  /**
   * Predictions that a suspect made in such contexts, as the teacher's tokens: renormalised by the mass on tokens
   * that both know; left out where that is next to nothing.
   */
  predictions(
    contexts: readonly SharedContext[],
    said: readonly Omit<Prediction, "context">[],
  ): readonly Prediction[] {
    return contexts.flatMap(({ teacher: context }, n) => {
      const known = [...said[n].ids.keys()].filter((i) => this.#known.has(said[n].ids[i]));
      const mass = known.reduce((sum, i) => sum + said[n].p[i], 0);
      if (mass < LEAST_MASS) return [];
      const ids = Uint32Array.from(known, (i) => this.#known.get(said[n].ids[i]) ?? 0);
      return [{ context, ids, p: Float64Array.from(known, (i) => said[n].p[i] / mass) }];
    });
  }

  /** Tokens that a suspect drew in such contexts, where both know them. */
  draws(contexts: readonly SharedContext[], tokens: Uint32Array): Draws {
    const kept = [...tokens.keys()].filter((n) => this.#known.has(tokens[n]));
    return {
      contexts: kept.map((n) => contexts[n].teacher),
      tokens: Uint32Array.from(kept, (n) => this.#known.get(tokens[n]) ?? 0),
    };
  }
}

/** Every token that has bytes, by them; of two that are spelled alike the first. */
function spellings(speller: Speller): readonly (readonly [number, string])[] {
  const byBytes = new Map<string, number>();
  for (let id = 0; id < speller.vocabularySize; id++) {
    if (speller.specialTokens.has(id)) continue;
    const bytes = speller.bytes(id);
    const name = bytes.join(" ");
    if (bytes.length > 0 && !byBytes.has(name)) byBytes.set(name, id);
  }
  return [...byBytes].map(([name, id]) => [id, name]);
}

/** Byte offset after each token. (T) */
function ends(speller: Speller, tokens: Tokens): Float64Array {
  let end = 0;
  return Float64Array.from(tokens, (token) => (end += speller.bytes(token).length));
}

/** How many tokens of either tokenisation lie before each common end. */
function sharedEnds(a: Float64Array, b: Float64Array): readonly (readonly [number, number])[] {
  const out: (readonly [number, number])[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) out.push([++i, ++j]);
    else if (a[i] < b[j]) i++;
    else j++;
  }
  return out;
}
