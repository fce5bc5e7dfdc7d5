import { log10MeanExp } from "./e-process.js";

/** Bets λμ: from all but everything down to effects of a thousandth, each ¾ of the last. */
const BETS = Array.from({ length: 24 }, (_, i) => 0.9 * 0.75 ** i);

/**
 * The even mixture over bets b of ∏(1 + b (x_i/μ − 1)), for scores x ≥ 0 whose mean, given the past, is at most μ under
 * H0: a test supermartingale, so P(ever E ≥ 1/α) ≤ α (Ville 1939). The best bet is about μ ε/(σ² + ε²): scores of small
 * variance are bet on higher, without anyone knowing the variance (Waudby-Smith and Ramdas 2024). Memory does not grow.
 */
export class BettingMixture {
  readonly #mean: number;
  readonly #logs = BETS.map(() => 0);

  /** @param mean μ > 0 */
  constructor(mean: number) {
    this.#mean = mean;
  }

  /** Takes the next score; bets `weight` in [0, 1] of what it would, as was fixed before the score was seen. */
  push(score: number, weight = 1): void {
    const excess = weight * (score / this.#mean - 1);
    for (let j = 0; j < BETS.length; j++) this.#logs[j] += Math.log1p(BETS[j] * excess);
  }

  log10E(): number {
    return log10MeanExp(this.#logs);
  }
}
