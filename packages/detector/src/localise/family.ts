import type { NullLaw, Random } from "@verdigris/core";
import { Mt19937 } from "@verdigris/core/primitives";
import { maximumP } from "./maximum.js";
import { type Walk, walksOf } from "./walk.js";

/** P(evidence ≥ t) is below e^−t by less than this factor. */
const SLACK = 10;
/** Simulated texts: about so many show as much evidence as one of p = α. With more, α is met more closely. */
const EXCEEDING = { least: 10, most: 50 } as const;
/** Random numbers that a p-value may cost; beyond, the sum over the walks stands. */
const BUDGET = 5e7;

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

  constructor(law: NullLaw, n: number) {
    this.#law = law;
    this.#n = n;
    this.walks = walksOf(law, n);
    const all = this.walks.reduce((sum, { length }) => sum + 1 / length, 0);
    this.#shares = this.walks.map(({ length }) => 1 / (length * all));
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
    const coin = coinOf(this.#law);
    const affordable = Math.floor((BUDGET * alpha) / (this.#n * coin.draws));
    if (affordable < EXCEEDING.least) return null;
    const enough = Math.min(affordable, EXCEEDING.most);
    const most = Math.ceil(enough / alpha) - 1;
    const engine = new Mt19937(0);
    const random = { next: () => engine.u32() * 2 ** -32 };
    const sums = new Float64Array(this.#n + 1);
    let exceeding = 0;
    for (let text = 1; text <= most; text++) {
      for (let i = 0; i < this.#n; i++) sums[i + 1] = sums[i] + coin.draw(random);
      if (this.#reaches(sums, evidence)) exceeding++;
      if (exceeding === enough) return exceeding / text;
    }
    return (exceeding + 1) / (most + 1);
  }

  /** @param sums prefix sums of the scores (n + 1) */
  #reaches(sums: Float64Array, evidence: number): boolean {
    return this.walks.some((walk, i) => {
      const enough = (evidence + this.#cost(i)) / walk.unit - 1e-9;
      let carried = 0;
      for (let end = walk.block; end < sums.length; end += walk.block) {
        const height = carried + walk.step(sums[end] - sums[end - walk.block]);
        if (height >= enough) return true;
        carried = walk.carry(height);
      }
      return false;
    });
  }
}

/** Draws one coin's score. */
function coinOf(law: NullLaw): {
  readonly draws: number;
  readonly draw: (random: Random) => number;
} {
  const exponential = (random: Random): number => -Math.log(1 - random.next());
  switch (law.kind) {
    case "bernoulli":
      return { draws: 1, draw: (random) => (random.next() < law.p ? 1 : 0) };
    case "exponential":
      return { draws: 1, draw: exponential };
    case "exponentials": {
      const [a, b] = law.means;
      return { draws: 2, draw: (random) => a * exponential(random) + b * exponential(random) };
    }
    case "bits":
      return {
        draws: law.weights.length,
        draw: (random) =>
          law.weights.reduce((sum, weight) => sum + (random.next() < law.p ? weight : 0), 0),
      };
  }
}
