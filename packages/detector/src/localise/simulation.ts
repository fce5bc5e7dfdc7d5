import type { NullLaw, Random } from "@verdigris/core";
import { Mt19937 } from "@verdigris/core/primitives";
import { cumulant, tiltedMean } from "../statistics/cumulant.js";
import type { Walk } from "./walk.js";

/** Texts that are simulated. The relative error of a chance is about .6 / √texts. */
const TEXTS = { least: 50, most: 2000 } as const;
/** Random numbers that they may take; if it allows for fewer texts, none is simulated. */
const BUDGET = 5e6;
/** Evidence, nats, between which chances are known. */
const KNOWN = { least: 0, most: 15 } as const;
/** Nats by which equal evidence may differ. */
const ROUNDING = 1e-9;

/** A walk that searches a text together with others. */
export interface Search {
  readonly walk: Walk;
  /** What it has of α. The shares sum to 1. */
  readonly share: number;
  /** Nats: what is taken off its height for the search through its blocks and through the other walks. */
  readonly cost: number;
}

/** The first time that a simulated text shows more evidence than KNOWN.least, and each time that it shows more than before. */
interface Records {
  readonly evidence: number[];
  /** Coins it took. */
  readonly coins: number[];
  /** How likely the law makes such coins, of how likely the simulation makes them. */
  readonly weight: number[];
  /** Where the records of each text end. */
  readonly ends: number[];
}

/**
 * How likely texts that follow a law are to show evidence, by importance sampling (Siegmund 1976; Naiman and Priebe 2001):
 * a text has a passage that follows the law tilted as one of the walks expects it, which one by its share, from one of its
 * blocks on, each as likely. Nearly all such texts show the evidence, and each counts by how much less likely the law makes
 * it, so that the error hardly depends on how small a chance is. The texts are always the same.
 */
export class SimulatedTexts {
  readonly #law: NullLaw;
  readonly #n: number;
  readonly #searches: readonly Search[];
  #records: Records | null = null;

  /** @param n coins of a text */
  constructor(law: NullLaw, n: number, searches: readonly Search[]) {
    this.#law = law;
    this.#n = n;
    this.#searches = searches;
  }

  /**
   * P(any window of the first `coins` coins shows this evidence); null if that would cost too much. A text more, as heavy as
   * any, is counted: on average over what is drawn no more than α of p are at most α, as of any test of this kind (Harrison 2012).
   *
   * @param evidence nats; of more than KNOWN.most nothing is said
   */
  chance(evidence: number, coins: number): number | null {
    const texts = Math.min(TEXTS.most, Math.floor(BUDGET / (this.#n * drawsOf(this.#law))));
    if (texts < TEXTS.least || evidence < KNOWN.least || evidence > KNOWN.most) return null;
    const records = (this.#records ??= this.#simulate(texts));
    let [total, at] = [Math.exp(-evidence), 0];
    for (const end of records.ends) {
      while (at < end && records.evidence[at] < evidence - ROUNDING) at++;
      if (at < end && records.coins[at] <= coins) total += records.weight[at];
      at = end;
    }
    return Math.min(1, total / (texts + 1));
  }

  #simulate(texts: number): Records {
    const engine = new Mt19937(0);
    const random: Random = { next: () => engine.u32() * 2 ** -32 };
    const plain = coinOf(this.#law, 0, random);
    const tilted = this.#searches.map(({ walk }) => coinOf(this.#law, walk.lambda, random));
    const records: Records = { evidence: [], coins: [], weight: [], ends: [] };
    const climbers = this.#searches.map((search) => new Climber(this.#law, this.#n, search));
    for (let text = 0; text < texts; text++) {
      for (const climber of climbers) climber.restart();
      const i = drawn(this.#searches, random.next());
      const start = Math.floor(random.next() * climbers[i].blocks) * this.#searches[i].walk.block;
      let best: number = KNOWN.least;
      for (let coin = 0; coin < this.#n && best < KNOWN.most; coin++) {
        const score = coin < start ? plain() : tilted[i]();
        let most = best;
        for (const climber of climbers) most = Math.max(most, climber.add(score));
        if (most === best) continue;
        best = most;
        const ratio = climbers.reduce((sum, climber) => sum + climber.ratio(), 0);
        records.evidence.push(best);
        records.coins.push(coin + 1);
        records.weight.push(1 / ratio);
      }
      records.ends.push(records.evidence.length);
    }
    return records;
  }
}

/** A walk on its way through a simulated text. */
class Climber {
  readonly blocks: number;
  readonly #search: Search;
  /** Of a block's sum: its step in units, and its likelihood ratio, not rounded. */
  readonly #moves: (sum: number) => Move;
  readonly #gain: (sum: number, coins: number) => number;
  #sum = 0;
  #coins = 0;
  #done = 0;
  /** Where the next block starts from, units. */
  #carried = 0;
  /** The sum of the likelihood ratios of all windows that end where the last block did. */
  #ratios = 0;

  constructor(law: NullLaw, n: number, search: Search) {
    const { walk } = search;
    const rate = cumulant(law, walk.lambda);
    this.#search = search;
    this.#gain = (sum, coins) => Math.exp(walk.lambda * sum - rate * coins);
    const move = (sum: number): Move => ({
      units: walk.step(sum),
      ratio: this.#gain(sum, walk.block),
    });
    const table =
      law.kind === "bernoulli" ? Array.from({ length: walk.block + 1 }, (_, sum) => move(sum)) : [];
    this.#moves = law.kind === "bernoulli" ? (sum) => table[sum] : move;
    this.blocks = Math.max(1, Math.floor(n / walk.block));
  }

  /** Goes back to the start of a text. */
  restart(): void {
    this.#sum = this.#coins = this.#done = this.#carried = this.#ratios = 0;
  }

  /** Evidence, nats, where a block ends with this coin. */
  add(score: number): number {
    const { walk, cost } = this.#search;
    this.#sum += score;
    this.#coins++;
    if (this.#coins < walk.block) return -Infinity;
    const { units, ratio } = this.#moves(this.#sum);
    const height = this.#carried + units;
    this.#carried = walk.carry(height);
    this.#ratios = (this.#ratios + 1) * ratio;
    this.#done++;
    this.#sum = this.#coins = 0;
    return height * walk.unit - cost;
  }

  /** Its share of how likely the simulation makes the coins so far, of how likely the law makes them. */
  ratio(): number {
    const left = this.blocks - this.#done;
    const open = this.#coins > 0 && left > 0 ? 1 : 0;
    const started = (this.#ratios + open) * this.#gain(this.#sum, this.#coins);
    return (this.#search.share * (started + left - open)) / this.blocks;
  }
}

interface Move {
  readonly units: number;
  readonly ratio: number;
}

/** Random numbers that a coin takes. */
function drawsOf(law: NullLaw): number {
  return law.kind === "bits" ? law.weights.length : law.kind === "exponentials" ? 2 : 1;
}

/** The search that a uniform number falls to, by the shares. */
function drawn(searches: readonly Search[], uniform: number): number {
  let left = uniform;
  const found = searches.findIndex(({ share }) => (left -= share) < 0);
  return found < 0 ? searches.length - 1 : found;
}

/** Draws one coin's score under the law tilted by λ. */
function coinOf(law: NullLaw, lambda: number, random: Random): () => number {
  const exponential = (mean: number): number =>
    -Math.log(1 - random.next()) * (mean / (1 - lambda * mean));
  switch (law.kind) {
    case "bernoulli": {
      const p = tiltedMean(law, lambda);
      return () => (random.next() < p ? 1 : 0);
    }
    case "exponential":
      return () => exponential(1);
    case "exponentials": {
      const [a, b] = law.means;
      return () => exponential(a) + exponential(b);
    }
    case "bits": {
      const ps = law.weights.map((weight) =>
        tiltedMean({ kind: "bernoulli", p: law.p }, lambda * weight),
      );
      return () =>
        law.weights.reduce((sum, weight, j) => sum + (random.next() < ps[j] ? weight : 0), 0);
    }
  }
}
