/**
 * Counts false alarms: unmarked documents under many keys, each document one test. Documents of one key are scored
 * one after another by one tally, as a detector scores many texts, so no coin is in two tests: under the null
 * hypothesis all tests are independent, whatever the texts share.
 */
import { createHash } from "node:crypto";
import { type Kernel, bindScheme, createKernel, moments } from "@verdigris/core";
import {
  Tally,
  type TallyOptions,
  binomialLog10P,
  clopperPearson,
  decoyKey,
  evidenceOf,
  rejects,
} from "@verdigris/detector";
import type { Kinds, Subject } from "./subjects.js";

/** Tests of one kind of text, the coins they counted, and how many rejected at each α. */
export interface Alarms {
  readonly tests: number;
  readonly coins: number;
  readonly rejections: readonly number[];
}

/** How false alarms are counted. */
export interface AlarmOptions {
  readonly kernel: Kernel;
  /** Keys firstKey … firstKey + keys − 1 of the public decoys. */
  readonly firstKey: number;
  readonly keys: number;
  /** Documents of each kind under each key. */
  readonly documents: number;
  readonly alphas: readonly number[];
  /** Tests with a smaller z are taken not to reject, which saves their tails. Default: none. */
  readonly leastZ?: number;
  readonly tally?: TallyOptions;
}

/** Counts false alarms of a mark on every kind of text. */
export function falseAlarms(
  { profile }: Subject,
  kinds: Kinds,
  options: AlarmOptions,
): Readonly<Record<string, Alarms>> {
  const { kernel, firstKey, keys, documents, alphas, leastZ = -Infinity } = options;
  const names = Object.keys(kinds);
  const rejections = names.map(() => alphas.map(() => 0));
  const coins = names.map(() => 0);
  for (let k = firstKey; k < firstKey + keys; k++) {
    const scheme = bindScheme(profile, decoyKey(k), kernel);
    const { mean, variance } = moments(scheme.law);
    const tally = new Tally(scheme, options.tally);
    let before = tally.count();
    for (let i = 0; i < documents * names.length; i++) {
      // Each key begins with another kind: no kind always comes last, when many coins are known.
      const kind = (i + k) % names.length;
      const texts = kinds[names[kind]];
      const round = Math.floor(i / names.length);
      tally.add({ tokens: texts[(k * documents + round) % texts.length] });
      const after = tally.count();
      const [n, sum] = [after.n - before.n, after.sum - before.sum];
      before = after;
      coins[kind] += n;
      if (n === 0 || sum - n * mean < leastZ * Math.sqrt(n * variance)) continue;
      const { log10P } = evidenceOf(scheme.law, { n, sum });
      alphas.forEach((alpha, a) => (rejections[kind][a] += rejects(log10P, alpha) ? 1 : 0));
    }
  }
  return Object.fromEntries(
    names.map((name, i) => [
      name,
      { tests: keys * documents, coins: coins[i], rejections: rejections[i] },
    ]),
  );
}

/** Alarms of several counts together. */
export function pooled(counts: readonly Alarms[]): Alarms {
  return {
    tests: counts.reduce((sum, { tests }) => sum + tests, 0),
    coins: counts.reduce((sum, { coins }) => sum + coins, 0),
    rejections: (counts[0]?.rejections ?? []).map((_, a) =>
      counts.reduce((sum, { rejections }) => sum + rejections[a], 0),
    ),
  };
}

/**
 * Identifies what is counted: profile, texts and scores. The counts of two keys at everyday levels tell whether a
 * scheme still gives the same scores. 16 hex digits.
 */
export function digestOf(subject: Subject, kinds: Kinds): string {
  const alarms = falseAlarms(subject, kinds, {
    kernel: createKernel(),
    firstKey: 0,
    keys: 2,
    documents: 4,
    alphas: [0.9, 0.7, 0.5, 0.3, 0.1],
  });
  const hash = createHash("sha256").update(JSON.stringify([subject.profile, alarms]));
  for (const texts of Object.values(kinds)) for (const tokens of texts) hash.update(tokens);
  return hash.digest("hex").slice(0, 16);
}

/** The upper end of the exact one-sided 95 % interval of the real rate, as a multiple of α. */
export function upperBound(rejections: number, tests: number, alpha: number): number {
  return clopperPearson(rejections, tests, 0.9).upper / alpha;
}

/** What the upper bound may be, as a multiple of α. */
export const LIMIT = 1.3;

/**
 * Whether so many tests can judge α: a mark whose real rate is exactly α stays within LIMIT except with probability
 * 1e-3. With fewer tests a sound mark would often fail, and passing would be luck.
 */
export function canJudge(tests: number, alpha: number): boolean {
  let [passes, fails] = [-1, tests];
  while (fails - passes > 1) {
    const middle = Math.floor((passes + fails) / 2);
    if (upperBound(middle, tests, alpha) <= LIMIT) passes = middle;
    else fails = middle;
  }
  return binomialLog10P(passes + 1, tests, alpha) <= -3;
}

/** The least count that n tests at level α reach with probability at most 1e-9. */
export function countBound(n: number, alpha: number): number {
  let count = 0;
  while (binomialLog10P(count, n, alpha) > -9) count++;
  return count;
}
