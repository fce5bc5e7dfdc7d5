/** Which levels a sum of scores rejects at, through the product's own tails. */
import { type NullLaw, sumMoments } from "@verdigris/core";
import { rejects, scoreLog10P } from "@verdigris/detector";

/** Up to this level no law rejects a sum with a smaller z: a symmetrical one comes closest, to p = .01 at z = 2. */
const TAIL = { alpha: 0.01, leastZ: 2 };

/** The least sums of n coins that reject at each level, and their p: the rate that the law allows. (levels) */
interface Critical {
  readonly sums: readonly number[];
  readonly p: readonly number[];
}

/** The levels of one law, largest first. */
export class Levels {
  readonly #law: NullLaw;
  readonly #alphas: readonly number[];
  readonly #leastZ: number;
  readonly #criticals = new Map<number, Critical>();

  constructor(law: NullLaw, alphas: readonly number[]) {
    this.#law = law;
    this.#alphas = alphas;
    this.#leastZ = alphas[0] <= TAIL.alpha ? TAIL.leastZ : -Infinity;
  }

  /** At how many levels a sum of n coins rejects: at so many of the first. */
  rejected(n: number, sum: number): number {
    if (n === 0) return 0;
    if (this.#law.kind === "bernoulli") return countWhile(this.#critical(n).sums, (c) => sum >= c);
    const { mean, variance } = sumMoments(this.#law, n);
    if (sum - mean < this.#leastZ * Math.sqrt(variance)) return 0;
    const log10P = scoreLog10P(this.#law, n, sum);
    return countWhile(this.#alphas, (alpha) => rejects(log10P, alpha));
  }

  /** P(rejection) of n coins at each level if the law holds; null for a law whose levels are not worked out. (levels) */
  attained(n: number): readonly number[] | null {
    if (this.#law.kind === "exponential") return n === 0 ? this.#alphas.map(() => 0) : this.#alphas;
    return this.#law.kind === "bernoulli" ? this.#critical(n).p : null;
  }

  /** Found by bisection over whole sums, once for each n. */
  #critical(n: number): Critical {
    let critical = this.#criticals.get(n);
    if (critical === undefined) {
      const sums = this.#alphas.map((alpha) => this.#leastRejecting(n, alpha));
      const p = sums.map((sum) => (sum > n ? 0 : 10 ** scoreLog10P(this.#law, n, sum)));
      critical = { sums, p };
      this.#criticals.set(n, critical);
    }
    return critical;
  }

  /** n + 1 if none does. */
  #leastRejecting(n: number, alpha: number): number {
    let [no, yes] = [0, n + 1];
    while (yes - no > 1) {
      const middle = Math.floor((no + yes) / 2);
      if (rejects(scoreLog10P(this.#law, n, middle), alpha)) yes = middle;
      else no = middle;
    }
    return yes;
  }
}

function countWhile(items: readonly number[], holds: (item: number) => boolean): number {
  const first = items.findIndex((item) => !holds(item));
  return first < 0 ? items.length : first;
}
