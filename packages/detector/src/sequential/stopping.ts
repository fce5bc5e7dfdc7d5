import { requireBetween } from "../statistics/checks.js";

/** When to stop asking for more. */
export interface StopOptions {
  /** Chance of ever detecting a mark that is not there, in (0, 1). Default 1e-3. */
  readonly alpha?: number;
  /** Effects below this are not worth more looks, in units of the score; 0 never stops for that. Default 0. */
  readonly smallestEffect?: number;
  /** Scored positions after which to stop. Default: none. */
  readonly budget?: number;
}

/** Why to stop, if so. */
export type StopKind = "undecided" | "detected" | "effect-too-small" | "budget-spent";

/** How often futility is looked at, in scored positions: a confidence sequence may take a bisection. */
const CHECK_EVERY = 64;

/** Decides after every look whether to go on. `detected` is final, whatever comes after it. */
export class StopRule {
  readonly alpha: number;
  readonly #smallestEffect: number;
  readonly #budget: number;
  #kind: StopKind = "undecided";
  #maxLog10E = 0;

  /** @throws RangeError for α outside (0, 1) */
  constructor(options: StopOptions) {
    const { alpha = 1e-3, smallestEffect = 0, budget = Infinity } = options;
    requireBetween("alpha", alpha);
    this.alpha = alpha;
    this.#smallestEffect = smallestEffect;
    this.#budget = budget;
  }

  get kind(): StopKind {
    return this.#kind;
  }

  /** Largest log10 E looked at: 10^−this is a p-value valid at any time. */
  get maxLog10E(): number {
    return this.#maxLog10E;
  }

  /** Takes a look: n scored positions, the e-process now, and how large the effect can still be at level α. */
  look(n: number, log10E: number, largestEffect: () => number): void {
    this.#maxLog10E = Math.max(this.#maxLog10E, log10E);
    if (this.#kind === "detected") return;
    if (this.#maxLog10E >= -Math.log10(this.alpha)) this.#kind = "detected";
    else if (this.#isFutile(n, largestEffect)) this.#kind = "effect-too-small";
    else if (n >= this.#budget) this.#kind = "budget-spent";
  }

  #isFutile(n: number, largestEffect: () => number): boolean {
    if (this.#smallestEffect === 0 || n === 0 || n % CHECK_EVERY !== 0) return false;
    return largestEffect() < this.#smallestEffect;
  }
}
