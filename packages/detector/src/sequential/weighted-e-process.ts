import type { NullLaw } from "@verdigris/core";
import { cumulant } from "../statistics/cumulant.js";
import { requireReal } from "../statistics/checks.js";
import { log10MeanExp, tilts } from "./e-process.js";

/**
 * The e-process of coins that do not count alike: the even mixture over tilts λ of ∏ exp(λ ω s − K(λ ω)), for weights ω in
 * [0, 1] that were fixed, without the key, before the coin was looked at. It is bet as the excess is expected to lie, so an
 * audit of a distilled model ends sooner where leverage says so (survival law). With ω = 1 it is `eProcess`.
 */
export class WeightedEProcess {
  readonly #law: NullLaw;
  readonly #tilts: readonly number[];
  readonly #logs: number[];

  constructor(law: NullLaw) {
    this.#law = law;
    this.#tilts = tilts(law, 1);
    this.#logs = this.#tilts.map(() => 0);
  }

  /** Takes the next distinct coin. @throws RangeError for a weight outside [0, 1] */
  push(score: number, weight: number): void {
    requireReal("weight", weight, { min: 0, max: 1 });
    for (let j = 0; j < this.#tilts.length; j++) {
      const tilt = this.#tilts[j] * weight;
      this.#logs[j] += tilt * score - cumulant(this.#law, tilt);
    }
  }

  log10E(): number {
    return log10MeanExp(this.#logs);
  }
}
