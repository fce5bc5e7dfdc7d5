import { Key, type Kernel, type Profile, bindScheme, createKernel } from "@verdigris/core";
import { type Evidence, evidenceOf } from "./evidence.js";
import { type Piece, Tally } from "./tally.js";

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

/** The i-th public decoy key: fixed, so that anyone can repeat a decoy test. */
export function decoyKey(i: number): Key {
  return PUBLIC_MASTER.derive({ provider: "verdigris decoy", epoch: String(i) });
}

/** How to make a decoy test. */
export interface DecoyOptions {
  readonly keys: number;
  /** Evidence of the real key on the same transcript. */
  readonly statistic: Evidence;
  /** As the real key's tally had it. */
  readonly memory?: number;
  readonly kernel?: Kernel;
  /** Told of z under each decoy key. */
  readonly observe?: ((z: Float64Array) => void) | undefined;
}

/** Scores one transcript under decoy keys. */
export function decoyTest(
  profile: Profile,
  pieces: readonly Piece[],
  options: DecoyOptions,
): DecoyTest {
  const { memory, kernel = createKernel() } = options;
  const transcript = { pieces, kernel, ...(memory === undefined ? {} : { memory }) };
  const z = Float64Array.from(
    { length: options.keys },
    (_, i) => scoreWith(profile, decoyKey(i), transcript).zScore,
  );
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

/** Evidence of a transcript under one key. */
export function scoreWith(
  profile: Profile,
  key: Key,
  {
    pieces,
    kernel,
    ...options
  }: { readonly pieces: readonly Piece[]; readonly kernel: Kernel; readonly memory?: number },
): Evidence {
  const scheme = bindScheme(profile, key, kernel);
  const tally = new Tally(scheme, options);
  for (const piece of pieces) tally.add(piece);
  return evidenceOf(scheme.law, tally.count());
}

/** 95 % interval of a variance from n normal values; Wilson and Hilferty's (1931) chi-square quantiles. */
function varianceInterval(variance: number, n: number): readonly [number, number] {
  if (n < 2) return [0, Infinity];
  const degrees = n - 1;
  const quantile = (z: number): number =>
    degrees * (1 - 2 / (9 * degrees) + z * Math.sqrt(2 / (9 * degrees))) ** 3;
  return [(degrees * variance) / quantile(1.96), (degrees * variance) / quantile(-1.96)];
}
