import type { Random, Tokens } from "@verdigris/core";
import type { ContextIndex, Range } from "./context-index.js";
import { below } from "./random.js";

/** One context length's share of a prediction. */
export interface Level {
  readonly depth: number;
  readonly range: Range;
  /** Weight of this level's relative frequencies in the prediction. */
  readonly weight: number;
}

/** A prediction as a mixture: relative frequencies at each level, deepest first, and the rest from the base. */
export interface Mixture {
  readonly levels: readonly Level[];
  /** Weight left for the base distribution. */
  readonly rest: number;
}

/** What a count model falls back to. */
export interface BaseModel {
  draw(context: Tokens, random: Random): number;
  /** Probability of each of `ids` after a context. (K) */
  probabilities(context: Tokens, ids: Uint32Array): Float64Array;
}

/**
 * Hierarchical Dirichlet count model (MacKay and Peto 1995):
 * P_j(v | c_j) = (n(c_j v) + κ P_{j−1}(v | c_{j−1})) / (n(c_j) + κ), where c_j are the last j tokens. Levels run from
 * `shortest` to the index's order; below them stands the base model. κ (`inertia`) says how many examples of a
 * context weigh as much as what the model believed before.
 */
export class CountModel implements BaseModel {
  readonly #index: ContextIndex;
  readonly #inertia: number;
  readonly #shortest: number;
  readonly #base: BaseModel;

  constructor(
    index: ContextIndex,
    options: { readonly inertia: number; readonly shortest: number; readonly base: BaseModel },
  ) {
    this.#index = index;
    this.#inertia = options.inertia;
    this.#shortest = options.shortest;
    this.#base = options.base;
  }

  /** The prediction after `context` as a mixture. */
  mixture(context: Tokens): Mixture {
    const ranges = this.#index.ranges(context);
    const levels: Level[] = [];
    let rest = 1;
    for (let depth = ranges.length - 1; depth >= this.#shortest; depth--) {
      const range = ranges[depth];
      const n = range.end - range.start;
      const share = n / (n + this.#inertia);
      levels.push({ depth, range, weight: rest * share });
      rest *= 1 - share;
    }
    return { levels, rest };
  }

  draw(context: Tokens, random: Random): number {
    const { levels } = this.mixture(context);
    let u = random.next();
    for (const { range, weight } of levels) {
      if (u < weight)
        return this.#index.followers[range.start + below(random, range.end - range.start)];
      u -= weight;
    }
    return this.#base.draw(context, random);
  }

  probabilities(context: Tokens, ids: Uint32Array): Float64Array {
    const { levels, rest } = this.mixture(context);
    const p = this.#base.probabilities(context, ids);
    for (let i = 0; i < p.length; i++) p[i] *= rest;
    for (const { range, weight } of levels) {
      const counts = this.#index.counts(range, ids);
      for (let i = 0; i < p.length; i++) p[i] += (weight * counts[i]) / (range.end - range.start);
    }
    return p;
  }

  /**
   * Adds the mass of every follower seen at `levels` of a mixture, times `share`, to `mass` (V); returns the ids it finds
   * without mass, in order of sight.
   */
  addMasses(levels: readonly Level[], mass: Float64Array, share = 1): number[] {
    const { followers } = this.#index;
    const touched: number[] = [];
    for (const { range, weight } of levels) {
      const each = (share * weight) / (range.end - range.start);
      for (let i = range.start; i < range.end; i++) {
        const token = followers[i];
        if (mass[token] === 0) touched.push(token);
        mass[token] += each;
      }
    }
    return touched;
  }
}

/** The base of last resort: every token equally likely. */
export function uniformModel(vocabularySize: number): BaseModel {
  return {
    draw: (_context, random) => below(random, vocabularySize),
    probabilities: (_context, ids) => new Float64Array(ids.length).fill(1 / vocabularySize),
  };
}
