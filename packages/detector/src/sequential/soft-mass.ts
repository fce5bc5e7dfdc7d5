import { requireBetween, requireReal } from "../statistics/checks.js";
import { BettingMixture } from "./betting.js";
import type { ConfidenceSequence } from "./e-process.js";
import { type StopKind, type StopOptions, StopRule } from "./stopping.js";

/** Where an open audit stands. `detected` stays, whatever comes after it. */
export interface SoftMassState {
  readonly kind: StopKind;
  readonly n: number;
  readonly sum: number;
  /** log10 of the e-process now. */
  readonly log10E: number;
  /** Largest so far: 10^−maximum is a p-value valid at any time. */
  readonly maxLog10E: number;
}

/** Largest stake of the confidence sequence: near 1 the bound on each step's growth blows up. */
const LARGEST_STAKE = 0.75;

/**
 * The anytime test of an open model: per context the suspect's green *mass* in [0, 1] instead of one drawn token
 * (statistics.md 15). H0: each mass has mean γ over keys, given those before, which holds when contexts are chosen
 * without the key and no two share a seed (so not for a mark whose seed the candidate decides). Variance-adaptive: masses
 * vary far less than coins do, and Hoeffding's bound cannot know it. Time a mass and memory are constant.
 */
export class SoftMassProcess {
  readonly #gamma: number;
  readonly #bets: BettingMixture;
  readonly #rule: StopRule;
  #n = 0;
  #sum = 0;
  // Running parts of the confidence sequence: stakes, staked masses, their penalty, squared surprises.
  #stakes = 0;
  #staked = 0;
  #penalty = 0;
  #squares = 0.25;

  /**
   * @param gamma mean mass under H0, in (0, 1)
   * @throws RangeError for γ or α outside (0, 1)
   */
  constructor(gamma: number, options: StopOptions = {}) {
    requireBetween("gamma", gamma);
    this.#gamma = gamma;
    this.#bets = new BettingMixture(gamma);
    this.#rule = new StopRule(options);
  }

  /** Takes the green mass of the next context. @throws RangeError outside [0, 1] */
  push(mass: number): SoftMassState {
    requireReal("mass", mass, { min: 0, max: 1 });
    this.#bets.push(mass);
    this.#stake(mass);
    this.#n++;
    this.#sum += mass;
    this.#rule.look(this.#n, this.#bets.log10E(), () => this.effect().upper);
    return this.state();
  }

  state(): SoftMassState {
    const { kind, maxLog10E } = this.#rule;
    return { kind, n: this.#n, sum: this.#sum, log10E: this.#bets.log10E(), maxLog10E };
  }

  /**
   * Confidence sequence of level 1 − α for the stake-weighted mean of the masses' own means, less γ: the predictable
   * empirical Bernstein bound (Waudby-Smith and Ramdas 2024, theorem 2).
   */
  effect(): ConfidenceSequence {
    const [lowest, highest] = [-this.#gamma, 1 - this.#gamma];
    if (this.#n === 0) return { lower: lowest, upper: highest };
    const centre = this.#staked / this.#stakes - this.#gamma;
    const width = (Math.log(2 / this.#rule.alpha) + this.#penalty) / this.#stakes;
    return { lower: Math.max(lowest, centre - width), upper: Math.min(highest, centre + width) };
  }

  /** The stake and the guess are made before the mass is seen. */
  #stake(mass: number): void {
    const t = this.#n + 1;
    const guess = (0.5 + this.#sum) / t;
    const variance = this.#squares / t;
    const wanted = (2 * Math.log(2 / this.#rule.alpha)) / (variance * t * Math.log1p(t));
    const stake = Math.min(LARGEST_STAKE, Math.sqrt(wanted));
    const surprise = (mass - guess) ** 2;
    this.#stakes += stake;
    this.#staked += stake * mass;
    this.#penalty += surprise * (-Math.log1p(-stake) - stake);
    this.#squares += (mass - (0.5 + this.#sum + mass) / (t + 1)) ** 2;
  }
}
