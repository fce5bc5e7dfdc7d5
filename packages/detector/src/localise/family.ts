import type { NullLaw } from "@verdigris/core";
import QuickLRU from "quick-lru";
import { maximumP } from "./maximum.js";
import { type Search, SimulatedTexts } from "./simulation.js";
import { type Walk, walksOf } from "./walk.js";

/** P(evidence ≥ t) is below e^−t by less than this factor. */
const SLACK = 10;
/** Families that are kept at least; up to twice as many. */
const RECENT = 4;

/**
 * The walks that search a text, together. Their measure is the evidence of a window: the height of a walk at its end in
 * nats, less what the search through the walk's blocks and through the other walks costs.
 */
export class Family {
  readonly #n: number;
  readonly walks: readonly Walk[];
  readonly #searches: readonly Search[];
  readonly #texts: SimulatedTexts;

  constructor(law: NullLaw, n: number) {
    this.#n = n;
    this.walks = walksOf(law, n);
    const all = this.walks.reduce((sum, { length }) => sum + 1 / length, 0);
    this.#searches = this.walks.map((walk) => {
      // Less, the longer a walk's spans, of which there are fewer.
      const share = 1 / (walk.length * all);
      // P(height ≥ t) ≤ blocks · e^−t (Doob).
      const blocks = Math.max(1, Math.floor(n / walk.block));
      return { walk, share, cost: Math.log(blocks / share) };
    });
    this.#texts = new SimulatedTexts(law, n, this.#searches);
  }

  /** Evidence, nats, of a height of the i-th walk. P(any window of the text shows evidence ≥ t) ≤ e^−t under the law. */
  evidence(i: number, units: number): number {
    return units * this.walks[i].unit - this.#searches[i].cost;
  }

  /**
   * P(any window of a text that follows the law shows this evidence), as close as it takes to compare with α: the bound
   * e^−t if that decides, else the simulated chance, or the sum of the walks' exact chances where that would cost too much.
   *
   * @param coins of the text, at most n
   */
  pValue(evidence: number, alpha: number, coins = this.#n): number {
    const bound = Math.exp(-evidence);
    if (bound <= alpha || bound > SLACK * alpha) return bound;
    return this.#texts.chance(evidence, coins) ?? this.#sum(evidence, coins);
  }

  /** At most the sum of the chances that each walk shows this evidence. */
  #sum(evidence: number, coins: number): number {
    const sum = this.#searches.reduce((total, { walk, cost }) => {
      const units = Math.ceil((evidence + cost) / walk.unit - 1e-9);
      return total + maximumP(walk, coins, units);
    }, 0);
    return Math.min(1, sum);
  }
}

/**
 * The family for a text of n coins: that of up to 1/16 more, whose first n coins are looked at. The last few are kept: their
 * simulated texts, which depend on nothing else, serve the next ones.
 */
export const familyFor = recentFamilies();

function recentFamilies(): (law: NullLaw, n: number) => Family {
  const recent = new QuickLRU<string, Family>({ maxSize: RECENT });
  return (law, n) => {
    const grain = 2 ** Math.max(0, Math.floor(Math.log2(n)) - 4);
    const room = Math.ceil(n / grain) * grain;
    const name = `${room} ${JSON.stringify(law)}`;
    const family = recent.get(name) ?? new Family(law, room);
    recent.set(name, family);
    return family;
  };
}
