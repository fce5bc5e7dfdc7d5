import {
  type Kernel,
  type Key,
  type NullLaw,
  type Profile,
  type Scheme,
  bindScheme,
  createKernel,
  moments,
} from "@verdigris/core";
import { DecoySchemes, type DecoyTest, summariseDecoys } from "../decoys.js";
import { DROPPED, type DetectOptions, enoughDecoys } from "../detect.js";
import { rejects } from "../statistics/index.js";
import { type Count, type Piece, Tally } from "../tally.js";
import { Transcript } from "../transcript.js";
import { type Verdict, decide } from "../verdict.js";
import { weightedLog10P } from "./weighted-tail.js";
import { STEPS, type WeightedEvidence, evidenceOfClasses } from "./weighted-test.js";

/** A piece whose positions weigh differently. */
export interface WeighedPiece extends Piece {
  /** In [0, 1], rounded to 255ths; made without the key. (tokens) */
  readonly weights: ArrayLike<number>;
}

/** The verdict of a weighted test: its evidence and its decoys are those of the weighted sum. */
export type WeightedVerdict = Verdict & { readonly evidence: WeightedEvidence };

/** Coins by weight. Memory does not grow with the text beyond what its tally remembers. */
class WeightedTally {
  readonly #law: NullLaw;
  readonly #tally: Tally;
  readonly #n = new Float64Array(STEPS + 1);
  readonly #sum = new Float64Array(STEPS + 1);
  /** Weights of the piece that is being added, and the index of its first token. */
  #weights: ArrayLike<number> = [];
  #origin = 0;

  constructor(scheme: Scheme, memory: { readonly memory?: number }) {
    this.#law = scheme.law;
    this.#tally = new Tally(scheme, {
      ...memory,
      observe: (positions, scores, n) => {
        for (let i = 0; i < n; i++) {
          const weight = Math.round(STEPS * this.#weights[positions[i] - this.#origin]);
          this.#n[weight]++;
          this.#sum[weight] += scores[i];
        }
      },
    });
  }

  get exact(): boolean {
    return this.#tally.exact;
  }

  /** @throws RangeError for weights outside [0, 1], or too few */
  add(piece: WeighedPiece): void {
    const { tokens, weights } = piece;
    for (let i = 0; i < tokens.length; i++) {
      if (!(weights[i] >= 0 && weights[i] <= 1))
        throw new RangeError(`weights[${i}]: expected a number in [0, 1], got ${weights[i]}`);
    }
    this.#weights = weights;
    this.#tally.add(piece);
    this.#origin += tokens.length;
  }

  reset(): void {
    this.#tally.reset();
    this.#n.fill(0);
    this.#sum.fill(0);
    this.#origin = 0;
  }

  count(): Count {
    return this.#tally.count();
  }

  evidence(): WeightedEvidence {
    return evidenceOfClasses(this.#law, this.#classes());
  }

  /** log10 p with the excess over the mean divided by √inflation. */
  widened(inflation: number): number {
    const classes = this.#classes();
    const { mean } = moments(this.#law);
    const expected = mean * classes.reduce((all, { weight, n }) => all + weight * n, 0);
    const sum = classes.reduce((all, each) => all + each.weight * each.sum, 0);
    const narrower = expected + (sum - expected) / Math.sqrt(inflation);
    // Of bits the next sum below is attained at most as late.
    return weightedLog10P(this.#law, classes, Math.floor(narrower));
  }

  #classes(): readonly { readonly weight: number; readonly n: number; readonly sum: number }[] {
    return Array.from({ length: STEPS }, (_, i) => ({
      weight: i + 1,
      n: this.#n[i + 1],
      sum: this.#sum[i + 1],
    })).filter(({ n }) => n > 0);
  }
}

/**
 * A detector whose verdict rests on Σ ω s, weights ω given with each piece: exact as ever, since weights know nothing of the
 * key (statistics.md 14), and so are the decoys, which weigh as the key in question does.
 */
export class WeightedDetector {
  readonly #profile: Profile;
  readonly #key: Key;
  readonly #scheme: Scheme;
  readonly #kernel: Kernel;
  readonly #options: DetectOptions;
  readonly #memory: { readonly memory?: number };
  readonly #tally: WeightedTally;
  #decoySchemes: DecoySchemes | null = null;
  #transcript = new Transcript<WeighedPiece>();

  constructor(profile: Profile, key: Key, options: DetectOptions = {}) {
    const { memory, kernel = createKernel() } = options;
    [this.#profile, this.#key, this.#options, this.#kernel] = [profile, key, options, kernel];
    this.#scheme = bindScheme(profile, key, kernel);
    this.#memory = memory === undefined ? {} : { memory };
    this.#tally = new WeightedTally(this.#scheme, this.#memory);
  }

  reset(): void {
    this.#tally.reset();
    this.#transcript = new Transcript();
  }

  /** @throws RangeError for a token id ≥ V, weights outside [0, 1], or too few */
  add(piece: WeighedPiece): void {
    this.#tally.add(piece);
    if (this.#options.decoys !== 0) this.#transcript.add(piece);
  }

  /** The verdict on everything added so far. */
  verdict(): WeightedVerdict {
    const evidence = this.#tally.evidence();
    const { alpha = 1e-3 } = this.#options;
    const rule = {
      alpha,
      decoys: this.#decoyTest(evidence, alpha),
      isSampled: !this.#transcript.isWhole,
      test: { evidence, widened: (inflation: number) => this.#tally.widened(inflation) },
    };
    const verdict = decide(this.#scheme.law, this.#tally.count(), rule);
    const warnings = this.#tally.exact ? verdict.warnings : [...verdict.warnings, DROPPED];
    return { ...verdict, warnings, evidence };
  }

  #decoyTest(whole: WeightedEvidence, alpha: number): DecoyTest | null {
    const { decoys = "auto", observeDecoys } = this.#options;
    const { isWhole, pieces } = this.#transcript;
    const own = isWhole ? whole : this.#under(this.#scheme, pieces);
    if (decoys === 0 || own.n === 0) return null;
    const overruling = isWhole && rejects(whole.log10P, alpha);
    // Each decoy key gets a tally of its own, whatever coins it shares with others.
    const of = { law: this.#scheme.law, sharesWork: false };
    const keys = decoys === "auto" ? enoughDecoys(of, { alpha, n: own.n, overruling }) : decoys;
    const schemes = (this.#decoySchemes ??= new DecoySchemes(
      this.#profile,
      this.#kernel,
      this.#key,
    ));
    const z = Float64Array.from(
      { length: keys },
      (_, i) => this.#under(schemes.at(i), pieces).zScore,
    );
    observeDecoys?.(z);
    return summariseDecoys(z, own.zScore);
  }

  #under(scheme: Scheme, pieces: readonly WeighedPiece[]): WeightedEvidence {
    const tally = new WeightedTally(scheme, this.#memory);
    for (const piece of pieces) tally.add(piece);
    return tally.evidence();
  }
}
