import type { NullLaw } from "@verdigris/core";
import { maximumP } from "./maximum.js";
import { SimulatedTexts, drawsOf } from "./simulation.js";
import { type Walk, walksOf } from "./walk.js";

/** P(evidence ≥ t) is below e^−t by less than this factor. */
const SLACK = 10;
/** Simulated texts: about so many show as much evidence as one of p = α. With more, α is met more closely. */
const EXCEEDING = { least: 10, most: 50 } as const;
/** Random numbers that a p-value may cost; beyond, the sum over the walks stands. */
const BUDGET = 5e7;
/** Nats by which equal evidence may differ. */
const ROUNDING = 1e-9;
/** Families that are kept. */
const RECENT = 8;

/**
 * The walks that search a text, together. Their measure is the evidence of a window: the height of a walk at its end in
 * nats, less what the search through the walk's blocks and through the other walks costs.
 */
export class Family {
  readonly #law: NullLaw;
  readonly #n: number;
  readonly walks: readonly Walk[];
  /** What each walk has of α: less, the longer its spans, of which there are fewer. They sum to 1. */
  readonly #shares: readonly number[];
  readonly #texts: SimulatedTexts;

  constructor(law: NullLaw, n: number) {
    this.#law = law;
    this.#n = n;
    this.walks = walksOf(law, n);
    const all = this.walks.reduce((sum, { length }) => sum + 1 / length, 0);
    this.#shares = this.walks.map(({ length }) => 1 / (length * all));
    const searches = this.walks.map((walk, i) => ({ walk, cost: this.#cost(i) }));
    this.#texts = new SimulatedTexts(law, n, searches);
  }

  /** Evidence, nats, of a height of the i-th walk. P(any window of the text shows evidence ≥ t) ≤ e^−t under the law. */
  evidence(i: number, units: number): number {
    return units * this.walks[i].unit - this.#cost(i);
  }

  /**
   * P(any window of a text that follows the law shows this evidence), as close as it takes to compare with α: the
   * bound e^−t, the sum of the walks' exact chances, or a simulated p-value with a fixed seed (Besag and Clifford
   * 1991), whichever decides first.
   */
  pValue(evidence: number, alpha: number): number {
    const bound = Math.exp(-evidence);
    if (bound <= alpha || bound > SLACK * alpha) return bound;
    const sum = this.walks.reduce((total, walk, i) => {
      const units = Math.ceil((evidence + this.#cost(i)) / walk.unit - 1e-9);
      return total + maximumP(walk, this.#n, units);
    }, 0);
    if (sum <= alpha || sum > this.walks.length * alpha) return Math.min(1, sum);
    return Math.min(sum, this.#simulatedP(evidence, alpha) ?? 1);
  }

  /** ln of the number of blocks of the walk over its share of α: P(height ≥ t) ≤ blocks · e^−t (Doob). */
  #cost(i: number): number {
    const blocks = Math.max(1, Math.floor(this.#n / this.walks[i].block));
    return Math.log(blocks / this.#shares[i]);
  }

  /** Stops early when enough texts have shown as much; null if it would cost too much. */
  #simulatedP(evidence: number, alpha: number): number | null {
    const affordable = Math.floor((BUDGET * alpha) / (this.#n * drawsOf(this.#law)));
    if (affordable < EXCEEDING.least) return null;
    const enough = Math.min(affordable, EXCEEDING.most);
    const most = Math.ceil(enough / alpha) - 1;
    let exceeding = 0;
    for (let text = 1; text <= most; text++) {
      if (this.#texts.most(text - 1) >= evidence - ROUNDING) exceeding++;
      if (exceeding === enough) return exceeding / text;
    }
    return (exceeding + 1) / (most + 1);
  }
}

/**
 * The family for a text of n coins: that of up to 1/16 more, as a longer text's most evidence is the larger. The last few
 * are kept: their simulated texts, which depend on nothing else, serve the next ones.
 */
export const familyFor = recentFamilies();

function recentFamilies(): (law: NullLaw, n: number) => Family {
  const recent: { readonly law: string; readonly n: number; readonly family: Family }[] = [];
  return (law, n) => {
    const grain = 2 ** Math.max(0, Math.floor(Math.log2(n)) - 4);
    const room = Math.ceil(n / grain) * grain;
    const name = JSON.stringify(law);
    const at = recent.findIndex((one) => one.n === room && one.law === name);
    const [found = { law: name, n: room, family: new Family(law, room) }] =
      at < 0 ? [] : recent.splice(at, 1);
    recent.unshift(found);
    recent.length = Math.min(recent.length, RECENT);
    return found.family;
  };
}
