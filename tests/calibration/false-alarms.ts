/**
 * Counts false alarms: unmarked documents under many keys, each document one test. Documents of one key are scored
 * one after another, as a detector scores many texts, so no coin is in two tests: under the null
 * hypothesis all tests are independent, whatever the texts share.
 */
import { createHash } from "node:crypto";
import {
  type Kernel,
  type NullLaw,
  type Tokens,
  createKernel,
  schemeBinder,
} from "@verdigris/core";
import {
  type ManyKeysScorer,
  type PieceEnds,
  Tally,
  binomialLog10P,
  clopperPearson,
  decoyKey,
  scorerOf,
} from "@verdigris/detector";
import { Levels } from "./levels.ts";
import type { Kinds, Subject } from "./subjects.ts";

/** Tests of one kind of text, the coins they counted, and how many rejected at each α. */
export interface Alarms {
  readonly tests: number;
  readonly coins: number;
  readonly rejections: readonly number[];
  /** Mean of `rejections` if the law holds exactly: sums are whole numbers, so that it is below α. Absent where not worked out. */
  readonly expected?: readonly number[] | undefined;
}

/** How the documents of a key are scored: a tally for each key, or what keys share once for all of a group. */
export type Route = "one by one" | "together";

/** One test. */
export interface Test {
  readonly kind: string;
  readonly n: number;
  readonly sum: number;
}

/** How false alarms are counted. */
export interface AlarmOptions {
  readonly kernel: Kernel;
  /** Keys firstKey … firstKey + keys − 1 of the public decoys. */
  readonly firstKey: number;
  readonly keys: number;
  /** Documents of each kind under each key. */
  readonly documents: number;
  /** Levels, largest first. */
  readonly alphas: readonly number[];
  /** Keys that get the same documents: those whose numbers, divided by it, round down alike. Default 1. */
  readonly group?: number;
  /** Default: one by one. */
  readonly route?: Route;
  /** False counts repeated coins: the canary. */
  readonly deduplicate?: boolean;
  /** Told of every test. */
  readonly observe?: (test: Test) => void;
}

/** Counts false alarms of a mark on every kind of text. */
export function falseAlarms(
  { profile }: Subject,
  kinds: Kinds,
  options: AlarmOptions,
): Readonly<Record<string, Alarms>> {
  const { kernel, firstKey, keys, documents, group = 1 } = options;
  const names = Object.keys(kinds);
  const bind = schemeBinder(profile, kernel);
  const count = new Count(names, options);
  for (let k = firstKey; k < firstKey + keys;) {
    const number = Math.floor(k / group);
    // Each group begins with another kind: no kind always comes last, when many coins are known.
    const order = Array.from(
      { length: documents * names.length },
      (_, i) => (i + number) % names.length,
    );
    const texts = order.map((kind, i) => {
      const round = Math.floor(i / names.length);
      const all = kinds[names[kind]];
      return all[(number * documents + round) % all.length];
    });
    const score = SCORERS[options.route ?? "one by one"](texts, options.deduplicate);
    const ends = { n: new Float64Array(order.length), sum: new Float64Array(order.length) };
    for (; k < firstKey + keys && Math.floor(k / group) === number; k++) {
      const { law } = score(bind(decoyKey(k)), ends);
      count.add(order, ends, count.levels(law));
    }
  }
  return count.alarms(keys * documents);
}
type TextScorer = (texts: readonly Tokens[], deduplicate?: boolean) => ManyKeysScorer;

const SCORERS: Readonly<Record<Route, TextScorer>> = {
  "one by one":
    (texts, deduplicate = true) =>
    (scheme, ends) => {
      const tally = new Tally(scheme, { deduplicate });
      texts.forEach((tokens, i) => {
        tally.add({ tokens });
        if (ends !== undefined) ({ n: ends.n[i], sum: ends.sum[i] } = tally.count());
      });
      return { law: scheme.law, ...tally.count() };
    },
  together: (texts, deduplicate = true) =>
    scorerOf(
      texts.map((tokens) => ({ tokens })),
      { deduplicate },
    ),
};

/** Judges tests and counts them by kind of text. */
class Count {
  readonly #names: readonly string[];
  readonly #alphas: readonly number[];
  readonly #observe: AlarmOptions["observe"];
  readonly #levels = new Map<string, Levels>();
  readonly #coins: number[];
  readonly #rejections: readonly number[][];
  readonly #expected: readonly number[][];

  constructor(names: readonly string[], { alphas, observe }: AlarmOptions) {
    const zeros = (): number[][] => names.map(() => alphas.map(() => 0));
    this.#names = names;
    this.#alphas = alphas;
    this.#observe = observe;
    this.#coins = names.map(() => 0);
    this.#rejections = zeros();
    this.#expected = zeros();
  }

  /** The levels of a law: in fact every key's is the same. */
  levels(law: NullLaw): Levels {
    const name = JSON.stringify(law);
    const levels = this.#levels.get(name) ?? new Levels(law, this.#alphas);
    this.#levels.set(name, levels);
    return levels;
  }

  /** Counts the documents of a key, which are of the kinds of `order`. */
  add(order: readonly number[], { n, sum }: PieceEnds, levels: Levels): void {
    let [coinsBefore, sumBefore] = [0, 0];
    for (let i = 0; i < order.length; i++) {
      const test = { n: n[i] - coinsBefore, sum: sum[i] - sumBefore };
      [coinsBefore, sumBefore] = [n[i], sum[i]];
      const kind = order[i];
      this.#coins[kind] += test.n;
      const rejected = levels.rejected(test.n, test.sum);
      for (let a = 0; a < rejected; a++) this.#rejections[kind][a]++;
      const attained = levels.attained(test.n);
      attained?.forEach((p, a) => (this.#expected[kind][a] += p));
      this.#observe?.({ kind: this.#names[kind], ...test });
    }
  }

  /** Alarms by kind, of so many tests of each. */
  alarms(tests: number): Readonly<Record<string, Alarms>> {
    const isWorkedOut = [...this.#levels.values()].every((levels) => levels.attained(1) !== null);
    return Object.fromEntries(
      this.#names.map((name, i) => [
        name,
        {
          tests,
          coins: this.#coins[i],
          rejections: this.#rejections[i],
          ...(isWorkedOut ? { expected: this.#expected[i] } : {}),
        },
      ]),
    );
  }
}

/** Alarms of several counts together. */
export function pooled(counts: readonly Alarms[]): Alarms {
  const total = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0);
  const levels = counts[0]?.rejections ?? [];
  return {
    tests: total(counts.map(({ tests }) => tests)),
    coins: total(counts.map(({ coins }) => coins)),
    rejections: levels.map((_, a) => total(counts.map(({ rejections }) => rejections[a]))),
    ...(counts.every(({ expected }) => expected !== undefined)
      ? { expected: levels.map((_, a) => total(counts.map(({ expected = [] }) => expected[a]))) }
      : {}),
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
  const scores = Object.entries(alarms).map(([kind, { tests, coins, rejections }]) => [
    kind,
    { tests, coins, rejections },
  ]);
  const hash = createHash("sha256").update(
    JSON.stringify([subject.profile, Object.fromEntries(scores)]),
  );
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
  const name = `${tests} ${alpha}`;
  const known = JUDGED.get(name) ?? worksOut(tests, alpha);
  JUDGED.set(name, known);
  return known;
}

/** Many marks have as many tests. */
const JUDGED = new Map<string, boolean>();

function worksOut(tests: number, alpha: number): boolean {
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
