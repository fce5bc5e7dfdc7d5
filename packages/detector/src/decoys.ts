import {
  Key,
  type Kernel,
  type Profile,
  type Scheme,
  createKernel,
  schemeBinder,
} from "@verdigris/core";
import { type Evidence, zScoreOf } from "./evidence.js";
import { scorerOf } from "./many-keys.js";
import type { Piece } from "./tally.js";

/** The decoy-key test (statistics.md 7). */
export interface DecoyTest {
  /** Number of decoy keys B. */
  readonly keys: number;
  /** (1 + decoys at least as extreme) / (B + 1): exact whatever the dependence inside the text. */
  readonly p: number;
  /** Mean of z over the decoys; near 0. */
  readonly meanZ: number;
  /** Variance of z over the decoys: near 1 if the coins are independent. */
  readonly varianceInflation: number;
  /** 95 % interval of the variance inflation, from the chi-square law. */
  readonly varianceInterval: readonly [number, number];
}

const PUBLIC_MASTER = Key.fromBytes(new Uint8Array(32));

/**
 * The i-th decoy key. Derived from a master: the public one, so that anyone can repeat a test, or the real key, so that
 * nobody can write a text that decoys like.
 */
export function decoyKey(i: number, master: Key = PUBLIC_MASTER): Key {
  return master.derive({ provider: "verdigris decoy", epoch: String(i) });
}

/** Decoy schemes kept bound: the decoys of most tests; some marks hold a list of the vocabulary each. */
const KEPT = 99;

/** Decoy keys bound to a profile. The first ones are bound once, for callers who test many texts. */
export class DecoySchemes {
  readonly #bind: (key: Key) => Scheme;
  readonly #master: Key | undefined;
  readonly #kept: Scheme[] = [];

  /** `master`: what decoy keys are derived from. Default: the public master. */
  constructor(profile: Profile, kernel: Kernel, master?: Key) {
    this.#bind = schemeBinder(profile, kernel);
    this.#master = master;
  }

  /** The scheme of the i-th decoy key. */
  at(i: number): Scheme {
    const scheme = this.#kept[i] ?? this.#bind(decoyKey(i, this.#master));
    if (i === this.#kept.length && i < KEPT) this.#kept.push(scheme);
    return scheme;
  }
}

/** How to make a decoy test. */
export interface DecoyOptions {
  readonly keys: number;
  /** Evidence of the real key on the same transcript. */
  readonly statistic: Pick<Evidence, "zScore">;
  /** As the real key's tally had it. */
  readonly memory?: number | undefined;
  readonly kernel?: Kernel;
  /** Told of z under each decoy key. */
  readonly observe?: ((z: Float64Array) => void) | undefined;
}

/** Scores one transcript under decoy keys: given ones, or the public ones of a profile. */
export function decoyTest(
  decoys: Profile | DecoySchemes,
  pieces: readonly Piece[],
  options: DecoyOptions,
): DecoyTest {
  const { memory } = options;
  const score = scorerOf(pieces, memory === undefined ? {} : { memory });
  const schemes =
    decoys instanceof DecoySchemes
      ? decoys
      : new DecoySchemes(decoys, options.kernel ?? createKernel());
  const z = Float64Array.from({ length: options.keys }, (_, i) => {
    const { law, n, sum } = score(schemes.at(i));
    return n === 0 ? 0 : zScoreOf(law, { n, sum });
  });
  options.observe?.(z);
  return summariseDecoys(z, options.statistic.zScore);
}

/** The decoy test from the z of each decoy key and of the real one. */
export function summariseDecoys(z: Float64Array, zReal: number): DecoyTest {
  const n = z.length;
  const atLeast = z.reduce((count, value) => count + (value >= zReal ? 1 : 0), 0);
  const meanZ = z.reduce((sum, value) => sum + value, 0) / Math.max(1, n);
  const variance = z.reduce((sum, value) => sum + (value - meanZ) ** 2, 0) / Math.max(1, n - 1);
  return {
    keys: n,
    p: (1 + atLeast) / (n + 1),
    meanZ,
    varianceInflation: variance,
    varianceInterval: varianceInterval(variance, n),
  };
}

/** 95 % interval of a variance from n normal values; Wilson and Hilferty's (1931) chi-square quantiles. */
function varianceInterval(variance: number, n: number): readonly [number, number] {
  if (n < 2) return [0, Infinity];
  const degrees = n - 1;
  const quantile = (z: number): number =>
    degrees * (1 - 2 / (9 * degrees) + z * Math.sqrt(2 / (9 * degrees))) ** 3;
  return [(degrees * variance) / quantile(1.96), (degrees * variance) / quantile(-1.96)];
}
