import {
  type Kernel,
  type Key,
  type Profile,
  type Scheme,
  bindScheme,
  createKernel,
} from "@verdigris/core";
import { DecoySchemes, type DecoyTest, decoyTest } from "./decoys.js";
import { evidenceOf, zScoreOf } from "./evidence.js";
import { scorerOf, sharesWork } from "./many-keys.js";
import { rejects } from "./statistics/index.js";
import { type Count, type Piece, Tally } from "./tally.js";
import { Transcript } from "./transcript.js";
import { type Verdict, decide, decoysToArbitrate } from "./verdict.js";

/** Decoy keys that show whether the law of the sum holds at all; and those of a test that cannot afford enough for α. */
const FEW_DECOYS = 99;
const MANY_DECOYS = 999;

/** Coins that `auto` scores at most: seconds of work where keys share some of it, and where they do not. */
const WORK = { shared: 1.1e8, each: 5e6 } as const;
/** What a key costs beyond its coins: its derivation, in coins; a list of fixed size is made anew besides. */
const KEY_COST = 4000;

/** Told where the memory did not suffice. */
export const DROPPED =
  "more different positions than memory was given for: some new ones were taken for repeated ones and left out, " +
  "which can hide a mark but cannot raise a false alarm";

/** How to test. */
export interface DetectOptions {
  /** Probability of a false alarm, in (0, 1). Default 1e-3. */
  readonly alpha?: number;
  /**
   * Decoy keys; 0 switches the decoy test off. Default `auto`: 99, and where the exact tail rejects as many as can
   * overrule it at α, or 999, if that takes seconds at most.
   */
  readonly decoys?: number | "auto";
  /** Coins remembered exactly, 8 to 26 bytes each. Default: all; see `TallyOptions`. */
  readonly memory?: number;
  readonly kernel?: Kernel;
  /** Told of z under each decoy key, where there is a decoy test. */
  readonly observeDecoys?: ((z: Float64Array) => void) | undefined;
}

/** A detector of one profile and key, fed piece by piece. */
export class Detector {
  readonly #profile: Profile;
  readonly #key: Key;
  readonly #scheme: Scheme;
  readonly #kernel: Kernel;
  #alpha: number;
  readonly #decoys: number | "auto";
  readonly #tally: Tally;
  readonly #observeDecoys: DetectOptions["observeDecoys"];
  readonly #memory: { readonly memory?: number };
  #transcript = new Transcript();
  #decoySchemes: DecoySchemes | null = null;

  /** @throws RangeError for α outside (0, 1) or a negative number of decoys */
  constructor(profile: Profile, key: Key, options: DetectOptions = {}) {
    this.#alpha = checkedAlpha(options.alpha ?? 1e-3);
    this.#decoys = options.decoys ?? "auto";
    const decoys = this.#decoys === "auto" ? 0 : this.#decoys;
    if (!(Number.isInteger(decoys) && decoys >= 0 && decoys <= 1e6)) {
      throw new RangeError(`decoys: expected a whole number from 0 to 1000000, got ${decoys}`);
    }
    this.#observeDecoys = options.observeDecoys;
    this.#profile = profile;
    this.#key = key;
    this.#kernel = options.kernel ?? createKernel();
    this.#scheme = bindScheme(profile, key, this.#kernel);
    this.#memory = options.memory === undefined ? {} : { memory: options.memory };
    this.#tally = new Tally(this.#scheme, this.#memory);
  }

  /** Forgets everything added, and may take another α: cheaper than a new detector. */
  reset(alpha: number = this.#alpha): void {
    this.#alpha = checkedAlpha(alpha);
    this.#tally.reset();
    this.#transcript = new Transcript();
  }

  /** Scores one piece of text. @throws RangeError for a token id ≥ V */
  add(piece: Piece): void {
    this.#tally.add(piece);
    if (this.#decoys !== 0) this.#transcript.add(piece);
  }

  /** The verdict on everything added so far. */
  verdict(): Verdict {
    const count = this.#tally.count();
    const verdict = decide(this.#scheme.law, count, {
      alpha: this.#alpha,
      decoys: this.#decoyTest(count),
      isSampled: !this.#transcript.isWhole,
    });
    if (this.#tally.exact) return verdict;
    return { ...verdict, warnings: [...verdict.warnings, DROPPED] };
  }

  #decoyTest(whole: Count): DecoyTest | null {
    const { law } = this.#scheme;
    const { isWhole, pieces } = this.#transcript;
    const count = isWhole ? whole : scorerOf(pieces, this.#memory)(this.#scheme);
    if (this.#decoys === 0 || count.n === 0) return null;
    this.#decoySchemes ??= new DecoySchemes(this.#profile, this.#kernel, this.#key);
    return decoyTest(this.#decoySchemes, pieces, {
      keys: this.#decoys === "auto" ? this.#enough(count) : this.#decoys,
      statistic: { zScore: zScoreOf(law, count) },
      observe: this.#observeDecoys,
      ...this.#memory,
    });
  }

  #enough(count: Pick<Count, "n" | "sum">): number {
    const { log10P } = evidenceOf(this.#scheme.law, count);
    const overruling = this.#transcript.isWhole && rejects(log10P, this.#alpha);
    const of = { law: this.#scheme.law, sharesWork: sharesWork(this.#scheme) };
    return enoughDecoys(of, { alpha: this.#alpha, n: count.n, overruling });
  }
}

/**
 * How many decoys `auto` means for n coins.
 * @param overruling whether the tail rejects and the decoys see the whole text: only then can they change the verdict
 */
export function enoughDecoys(
  { law, sharesWork: isShared }: { readonly law: Scheme["law"]; readonly sharesWork: boolean },
  {
    alpha,
    n,
    overruling,
  }: { readonly alpha: number; readonly n: number; readonly overruling: boolean },
): number {
  if (!overruling) return FEW_DECOYS;
  const work = isShared ? WORK.shared : WORK.each;
  const wanted = [Math.max(FEW_DECOYS, decoysToArbitrate(alpha)), MANY_DECOYS];
  const list = law.kind === "bernoulli" ? (law.oneList?.size ?? 0) : 0;
  return wanted.find((keys) => keys * (n + KEY_COST + list) <= work) ?? FEW_DECOYS;
}

function checkedAlpha(alpha: number): number {
  if (alpha > 0 && alpha < 1) return alpha;
  throw new RangeError(`alpha: expected a number in (0, 1), got ${alpha}`);
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
