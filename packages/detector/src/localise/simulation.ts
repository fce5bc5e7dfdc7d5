import type { NullLaw, Random } from "@verdigris/core";
import { Mt19937 } from "@verdigris/core/primitives";
import type { Walk } from "./walk.js";

/** A walk with what the search through its blocks and through the other walks costs. */
interface Search {
  readonly walk: Walk;
  /** Nats. */
  readonly cost: number;
  /** Its steps by a block's sum where those are counts; else they are worked out each time. */
  readonly steps: Int32Array | null;
}

/** The most evidence of any window of texts that follow a law: one text after another, always the same, each made once. */
export class SimulatedTexts {
  readonly #draw: () => number;
  readonly #searches: readonly Search[];
  readonly #sums: Float64Array;
  readonly #most: number[] = [];

  /** @param n coins of a text */
  constructor(
    law: NullLaw,
    n: number,
    searches: readonly { readonly walk: Walk; readonly cost: number }[],
  ) {
    const engine = new Mt19937(0);
    this.#draw = coinOf(law, { next: () => engine.u32() * 2 ** -32 });
    this.#sums = new Float64Array(n + 1);
    this.#searches = searches.map(({ walk, cost }) => ({
      walk,
      cost,
      steps:
        law.kind === "bernoulli"
          ? Int32Array.from({ length: walk.block + 1 }, (_, sum) => walk.step(sum))
          : null,
    }));
  }

  /** The most evidence of a window of the i-th text, nats. */
  most(i: number): number {
    while (this.#most.length <= i) this.#most.push(this.#next());
    return this.#most[i];
  }

  #next(): number {
    const sums = this.#sums;
    for (let i = 1; i < sums.length; i++) sums[i] = sums[i - 1] + this.#draw();
    return this.#searches.reduce(
      (best, search) => Math.max(best, highest(search, sums) * search.walk.unit - search.cost),
      -Infinity,
    );
  }
}

/** Random numbers that a coin takes. */
export function drawsOf(law: NullLaw): number {
  return law.kind === "bits" ? law.weights.length : law.kind === "exponentials" ? 2 : 1;
}

/** The largest height of a walk, units. @param sums prefix sums of the scores (n + 1) */
function highest({ walk, steps }: Search, sums: Float64Array): number {
  const { block } = walk;
  let [carried, most] = [0, -Infinity];
  for (let end = block; end < sums.length; end += block) {
    const sum = sums[end] - sums[end - block];
    const height = carried + (steps === null ? walk.step(sum) : steps[sum]);
    if (height > most) most = height;
    carried = walk.carry(height);
  }
  return most;
}

/** Draws one coin's score. */
function coinOf(law: NullLaw, random: Random): () => number {
  const exponential = (): number => -Math.log(1 - random.next());
  switch (law.kind) {
    case "bernoulli":
      return () => (random.next() < law.p ? 1 : 0);
    case "exponential":
      return exponential;
    case "exponentials": {
      const [a, b] = law.means;
      return () => a * exponential() + b * exponential();
    }
    case "bits":
      return () =>
        law.weights.reduce((sum, weight) => sum + (random.next() < law.p ? weight : 0), 0);
  }
}
