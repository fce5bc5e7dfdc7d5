import { type NullLaw, type Scheme, type Tokens } from "@verdigris/core";
import { excessScores } from "../law.js";
import type { StudentFamily } from "./families.js";
import type { WeightedWindows } from "./signal.js";
import { smoothByFrequency } from "./smoothing.js";
import type { WindowCounts } from "./window-counts.js";

/** Texts and tokens of one kind. */
export interface Amount {
  readonly texts: number;
  readonly tokens: number;
}

/** A thief and what else he trains on. */
export interface Theft {
  /** Which of the surveyed shares he takes. */
  readonly share: number;
  /** Marked share ρ of his corpus, in tokens; in (0, 1]. */
  readonly rho: number;
}

/** How windows can be weighed: all alike, those ever served, or each by its leverage in the whole log. */
export const WEIGHTINGS = ["plain", "filter", "leverage"] as const;
export type WeightingName = (typeof WEIGHTINGS)[number];

/** Audited windows with what the traffic said about each. */
export class ServedWindows {
  readonly law: NullLaw;
  readonly shares: readonly number[];
  readonly #counts: WindowCounts;
  readonly #scheme: Scheme;
  readonly #filled: boolean;
  readonly #n: number;
  /** By node: sum of the teacher's excess after that window. */
  readonly #excess: Float64Array;
  readonly #taken: { texts: number; tokens: number }[];
  readonly #filler = { texts: 0, tokens: 0 };
  readonly #teacher = { n: 0, sum: 0, squares: 0 };
  /** The teacher's excess where no scores were seen. */
  #assumed: number | null = null;

  constructor(
    counts: WindowCounts,
    {
      contexts,
      scheme,
      shares,
      filled,
    }: {
      readonly contexts: readonly Tokens[];
      readonly scheme: Scheme;
      readonly shares: readonly number[];
      readonly filled: boolean;
    },
  ) {
    this.law = scheme.law;
    this.shares = shares;
    this.#counts = counts;
    this.#scheme = scheme;
    this.#filled = filled;
    this.#n = contexts.length;
    this.#excess = new Float64Array(counts.size);
    this.#taken = [...shares, 1].map(() => ({ texts: 0, tokens: 0 }));
  }

  /** Audited windows. */
  get size(): number {
    return this.#n;
  }

  /** Everything that counted as served. */
  get served(): Amount {
    return this.taken(this.shares.length);
  }

  get filler(): Amount {
    return this.#filler;
  }

  /** Audited windows that the log holds. */
  get servedWindows(): number {
    return this.#atWindow((node) => this.#served(node)).filter((n) => n > 0).length;
  }

  /** Δ_T with its standard error. */
  get teacher(): { readonly mean: number; readonly standardError: number } {
    const { n, sum, squares } = this.#teacher;
    if (this.#assumed !== null) return { mean: this.#assumed, standardError: 0 };
    const mean = n === 0 ? 0 : sum / n;
    const variance = n < 2 ? 0 : (squares - n * mean * mean) / (n - 1);
    return { mean, standardError: Math.sqrt(Math.max(0, variance) / Math.max(1, n)) };
  }

  /** What a thief of the i-th share has. */
  taken(i: number): Amount {
    return this.#taken.slice(0, i + 1).reduce((all, own) => ({
      texts: all.texts + own.texts,
      tokens: all.tokens + own.tokens,
    }));
  }

  /** Adds a served text that thieves of the `slot`-th share and above have; the slot after all shares: nobody has it. */
  addServed(tokens: Tokens, slot: number): void {
    const { h } = this.#scheme;
    const excess = excessScores(this.#scheme, tokens);
    for (const own of excess) {
      this.#teacher.n++;
      this.#teacher.sum += own;
      this.#teacher.squares += own * own;
    }
    const seen = (position: number, node: number): void => {
      this.#excess[node] += excess[position - h];
    };
    this.#counts.add(tokens, slot, { least: h, seen });
    this.#taken[slot].texts++;
    this.#taken[slot].tokens += tokens.length;
  }

  /**
   * Credits served windows that only a sketch remembers: `counts` of each audited window, of `total` served, and the teacher's
   * excess, which a sketch does not hold. Of a share of the log a thief has that share of each window, in expectation.
   */
  addSketch(counts: ArrayLike<number>, total: number, excess: number): void {
    this.#assumed = excess;
    [...this.shares, 1].forEach((share, slot) => {
      const part = share - (this.shares[slot - 1] ?? 0);
      for (let c = 0; c < this.#n; c++) {
        const node = this.#counts.nodeOf(c, this.#scheme.h);
        this.#counts.credit(node, slot, part * counts[c]);
      }
      this.#taken[slot].tokens += Math.round(part * total);
    });
  }

  /** Adds a text that the thief trains on besides. */
  addFiller(tokens: Tokens): void {
    this.#counts.add(tokens, this.shares.length + 1);
    this.#filler.texts++;
    this.#filler.tokens += tokens.length;
  }

  /** Leverage of the thief's marked examples on a student's prediction after each audited window. (n) */
  leverage(family: StudentFamily, theft: Theft): Float64Array {
    return this.#overLevels(family, theft, () => 1);
  }

  /** Sum over a student's levels of the marked examples' weight, times a figure of the window they follow. (n) */
  #overLevels(
    { inertia, order }: StudentFamily,
    { share, rho }: Theft,
    figure: (node: number) => number,
  ): Float64Array {
    const { h } = this.#scheme;
    const mix = this.#mix(share, rho);
    return Float64Array.from({ length: this.#n }, (_, c) => {
      let [sum, rest] = [0, 1];
      for (let depth = Math.min(order, this.#counts.order); depth >= 1; depth--) {
        const { all } = mix(this.#counts.nodeOf(c, depth));
        if (all === 0) continue;
        const marked = this.#counts.nodeOf(c, Math.max(depth, h));
        sum += ((rest * all) / (all + inertia)) * (mix(marked).marked / all) * figure(marked);
        rest *= inertia / (all + inertia);
      }
      return sum;
    });
  }

  /** Expected excess of each window at gain 1, and its weight under a way of weighting. */
  windows(family: StudentFamily, theft: Theft, weighting: WeightingName): WeightedWindows {
    const teacher = this.#teacherExcess();
    const power = theft.rho ** ((family.exponent ?? 1) - 1);
    const excess = this.#overLevels(family, theft, (node) => power * teacher[node]);
    const served = this.#atWindow((node) => this.#served(node));
    const weights = {
      plain: () => 1,
      filter: (n: number) => (n > 0 ? 1 : 0),
      leverage: (n: number) => n / (n + family.inertia),
    };
    return {
      excess,
      weight: served.map(weights[weighting]),
    };
  }

  /** Examples of a node's window in the thief's corpus, marked and all. */
  #mix(
    share: number,
    rho: number,
  ): (node: number) => { readonly marked: number; readonly all: number } {
    const i = this.shares.indexOf(share);
    if (i < 0) {
      throw new RangeError(`share: expected one of ${this.shares.join(", ")}, got ${share}`);
    }
    if (!(rho > 0 && rho <= 1))
      throw new RangeError(`rho: expected a number in (0, 1], got ${rho}`);
    const filler = this.shares.length + 1;
    const wanted = (this.taken(i).tokens * (1 - rho)) / rho;
    const times = this.#filled ? wanted / Math.max(1, this.#filler.tokens) : 0;
    return (node) => {
      if (node === 0) return { marked: 0, all: 0 };
      const marked = this.#counts.count(node, 0, i + 1);
      if (!this.#filled) return { marked, all: marked / rho };
      return { marked, all: marked + times * this.#counts.count(node, filler, filler + 1) };
    };
  }

  /** By node: the teacher's mean excess after windows of that length whose last h tokens were served about as often. */
  #teacherExcess(): Float64Array {
    const { mean } = this.teacher;
    const { h } = this.#scheme;
    const out = new Float64Array(this.#counts.size).fill(mean);
    if (this.#assumed !== null) return out;
    for (let depth = h; depth <= this.#counts.order; depth++) {
      const frequencies = new Map<number, number>();
      for (let c = 0; c < this.#n; c++) {
        frequencies.set(this.#counts.nodeOf(c, depth), this.#served(this.#counts.nodeOf(c, h)));
      }
      frequencies.delete(0);
      const windows = [...frequencies].map(([node, frequency]) => {
        return { node, frequency, n: this.#served(node), sum: this.#excess[node] };
      });
      smoothByFrequency(windows, out);
    }
    return out;
  }

  #served(node: number): number {
    return this.#counts.count(node, 0, this.shares.length + 1);
  }

  #atWindow(value: (node: number) => number): Float64Array {
    return Float64Array.from({ length: this.#n }, (_, c) =>
      value(this.#counts.nodeOf(c, this.#scheme.h)),
    );
  }
}
