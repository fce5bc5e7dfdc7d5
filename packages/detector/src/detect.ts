import {
  type Kernel,
  type Key,
  type Profile,
  type Scheme,
  bindScheme,
  createKernel,
} from "@verdigris/core";
import { type DecoyTest, decoyTest } from "./decoys.js";
import { evidenceOf } from "./evidence.js";
import { type Piece, Tally } from "./tally.js";
import { type Verdict, decide } from "./verdict.js";

/** Tokens kept for the decoy test; a longer text is decided without one. */
const DECOY_BUDGET = 2_000_000;

const DROPPED =
  "more different positions than memory was given for: some new ones were taken for repeated ones and left out, " +
  "which can hide a mark but cannot raise a false alarm";

/** How to test. */
export interface DetectOptions {
  /** Probability of a false alarm, in (0, 1). Default 1e-3. */
  readonly alpha?: number;
  /** Decoy keys; 0 switches the decoy test off. Default 99. */
  readonly decoys?: number;
  /** Coins remembered exactly, 8 to 26 bytes each. Default: all; see `TallyOptions`. */
  readonly memory?: number;
  readonly kernel?: Kernel;
  /** Told of z under each decoy key, where there is a decoy test. */
  readonly observeDecoys?: ((z: Float64Array) => void) | undefined;
}

/** A detector of one profile and key, fed piece by piece. */
export class Detector {
  readonly #profile: Profile;
  readonly #scheme: Scheme;
  readonly #kernel: Kernel;
  readonly #alpha: number;
  readonly #decoys: number;
  readonly #memory: { readonly memory?: number };
  readonly #tally: Tally;
  readonly #observeDecoys: DetectOptions["observeDecoys"];
  #kept: Piece[] = [];
  #keptTokens = 0;

  /** @throws RangeError for α outside (0, 1) or a negative number of decoys */
  constructor(profile: Profile, key: Key, options: DetectOptions = {}) {
    this.#alpha = options.alpha ?? 1e-3;
    this.#decoys = options.decoys ?? 99;
    if (!(this.#alpha > 0 && this.#alpha < 1)) {
      throw new RangeError(`alpha: expected a number in (0, 1), got ${this.#alpha}`);
    }
    if (!(Number.isInteger(this.#decoys) && this.#decoys >= 0 && this.#decoys <= 1e6)) {
      throw new RangeError(
        `decoys: expected a whole number from 0 to 1000000, got ${this.#decoys}`,
      );
    }
    this.#observeDecoys = options.observeDecoys;
    this.#profile = profile;
    this.#kernel = options.kernel ?? createKernel();
    this.#scheme = bindScheme(profile, key, this.#kernel);
    this.#memory = options.memory === undefined ? {} : { memory: options.memory };
    this.#tally = new Tally(this.#scheme, this.#memory);
  }

  /** Forgets everything added: cheaper than a new detector. */
  reset(): void {
    this.#tally.reset();
    [this.#kept, this.#keptTokens] = [[], 0];
  }

  /** Scores one piece of text. @throws RangeError for a token id ≥ V */
  add(piece: Piece): void {
    this.#tally.add(piece);
    this.#keptTokens += piece.tokens.length;
    if (this.#decoys === 0) return;
    if (this.#keptTokens > DECOY_BUDGET) this.#kept = [];
    else this.#kept.push(piece);
  }

  /** The verdict on everything added so far. */
  verdict(): Verdict {
    const count = this.#tally.count();
    const decoys = this.#decoyTest(count);
    const verdict = decide(this.#scheme.law, count, { alpha: this.#alpha, decoys });
    if (this.#tally.exact) return verdict;
    return { ...verdict, warnings: [...verdict.warnings, DROPPED] };
  }

  #decoyTest(count: { readonly n: number; readonly sum: number }): DecoyTest | null {
    if (this.#decoys === 0 || this.#keptTokens > DECOY_BUDGET || count.n === 0) return null;
    const statistic = evidenceOf(this.#scheme.law, count);
    return decoyTest(this.#profile, this.#kept, {
      keys: this.#decoys,
      statistic,
      kernel: this.#kernel,
      observe: this.#observeDecoys,
      ...this.#memory,
    });
  }
}

/** Tests texts for the mark of one key, all of them together. */
export function detect(
  profile: Profile,
  key: Key,
  texts: Iterable<Piece>,
  options: DetectOptions = {},
): Verdict {
  const detector = new Detector(profile, key, options);
  for (const text of texts) detector.add(text);
  return detector.verdict();
}
