/**
 * The laws every scheme obeys, as a suite for any test runner with `describe`, `it` and `expect`.
 * Shapes: T positions, V vocabulary. Bounds on random quantities have an error of about 1e-9 of their own.
 */
import { coinsOf } from "../coins.js";
import type { Key } from "../keys.js";
import type { Scheme, Tokens } from "../types.js";
import { constantCoins, degenerateTexts } from "./keyless.js";
import { aheadSeeds, otherSeeds, sharing } from "./sharing.js";
import {
  countBound,
  deviation,
  distinctScores,
  lastCoin,
  randomLogits,
  randomTokens,
  testKey,
  weights,
  write,
} from "./material.js";

export { constantCoins, degenerateTexts } from "./keyless.js";
export { lehmer, randomTokens } from "./material.js";
export { testProfile } from "./profile.js";

/** The parts of a test runner that the suite uses; vitest's and jest's fit. */
export interface Runner {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => void): void;
  expect(actual: unknown): {
    toBe(expected: unknown): void;
    toEqual(expected: unknown): void;
    toBeLessThan(bound: number): void;
    toBeGreaterThan(bound: number): void;
  };
}

/** Standard errors that a normal deviate exceeds with probability 1e-9. */
const SIGMAS = 6.1;

/** What the suite is told of a scheme. */
export interface SchemeSuite {
  /** The scheme under a key; always the same profile. V of 64 … 4096 keeps the suite quick. */
  bind(key: Key): Scheme;
  /**
   * What reweighting leaves of a row: one bias on some tokens, all weight on one, or any other distribution. Default:
   * the first for a Bernoulli law, the second for an exponential one.
   */
  readonly leaves?: "bias" | "choice" | "distribution";
  /** Whether a token's new weight depends on the whole row, so that a part of the candidates gives others. */
  readonly wholeRow?: boolean;
  /** Whether the model's own law is kept on average over keys. Default: if the law is exponential. */
  readonly unbiased?: boolean;
}

/** Describes the laws of a scheme, bound to several keys of the suite's own. */
export function describeScheme(runner: Runner, name: string, suite: SchemeSuite): void {
  const bound = (key: number): Scheme => suite.bind(testKey(key));
  const scheme = bound(0);
  const text = randomTokens(4000, scheme.profile.V, 1);
  const exponential = scheme.law.kind === "exponential";
  const subject: Subject = {
    scheme,
    bound,
    text,
    expect: runner.expect,
    leaves: suite.leaves ?? (exponential ? "choice" : "bias"),
    wholeRow: suite.wholeRow ?? false,
    unbiased: suite.unbiased ?? exponential,
  };
  runner.describe(name, () => {
    for (const [law, holds] of LAWS) runner.it(law, () => holds(subject));
  });
}

/** A scheme under test. */
interface Subject {
  readonly scheme: Scheme;
  /** The scheme under another key. */
  bound(key: number): Scheme;
  /** Random tokens. (T) */
  readonly text: Tokens;
  readonly expect: Runner["expect"];
  readonly leaves: "bias" | "choice" | "distribution";
  readonly wholeRow: boolean;
  readonly unbiased: boolean;
}

const LAWS: readonly (readonly [string, (subject: Subject) => void])[] = [
  ["scores a position by its last h tokens and itself alone", scoresLocally],
  ["reweights by the last h tokens alone", reweightsLocally],
  ["gives the same coins in a batch as one by one", batchesAlike],
  ["shares coins between positions whatever the key, where it claims to", sharesCoinsAsClaimed],
  ["has the least of what it says it hashes as seed, where it says so", hashesTheLeast],
  ["counts no coin that is the same under every key", countsNoConstant],
  [
    "knows a seed before its token, where it claims to",
    ({ scheme, text, expect }) => expect(aheadSeeds(scheme, text)).toEqual([]),
  ],
  ["has scores of the null law on text that ignores the key", followsItsNullLaw],
  ["reweights candidates as it reweights the whole row", reweightsCandidatesAlike],
  ["leaves a distribution of the kind it claims", leavesADistribution],
  ["scores highest the tokens that it favours most", scoresWhatItFavours],
  ["is found in its own text by its key, and by no other", isFoundByItsKeyAlone],
  ["is unbiased over keys, where it claims to be", isUnbiasedIfClaimed],
];

function scoresLocally({ scheme, text, expect }: Subject): void {
  const start = 50;
  const end = start + scheme.h + 1;
  const coin = lastCoin(scheme, text.slice(0, end));
  const changed = text.slice(0, end);
  changed.set(randomTokens(start, scheme.profile.V, 2));
  expect(lastCoin(scheme, changed)).toEqual(coin);
  expect(lastCoin(scheme, text.slice(start, end))).toEqual(coin);
}

function reweightsLocally({ scheme, text, expect }: Subject): void {
  const [long, short] = [randomLogits(scheme.profile.V, 8), randomLogits(scheme.profile.V, 8)];
  scheme.reweight(text.slice(0, 50), long);
  scheme.reweight(text.slice(50 - scheme.h, 50), short);
  expect(short).toEqual(long);
}

function batchesAlike({ scheme, text, expect }: Subject): void {
  const { h } = scheme;
  const batch = coinsOf(scheme, text.subarray(0, 200));
  for (let i = h; i < 200; i++) {
    const one = lastCoin(scheme, text.subarray(0, i + 1));
    expect(one).toEqual([batch.seedLo[i - h], batch.seedHi[i - h], batch.score[i - h]]);
  }
}

/** Repetitive text: under every key the same positions have the same coin. */
function sharesCoinsAsClaimed({ scheme, bound, text, expect }: Subject): void {
  if (scheme.coinsDependOnKey) return;
  const repetitive = text.map((token) => token % 8);
  expect(sharing(bound(1), repetitive)).toEqual(sharing(scheme, repetitive));
}

function hashesTheLeast({ scheme, text, expect }: Subject): void {
  expect(otherSeeds(scheme, text.subarray(0, 200))).toEqual([]);
}

function countsNoConstant({ scheme, bound, expect }: Subject): void {
  // Many keys share one choice of positions where coins do not depend on the key.
  expect(scheme.isKeyless === undefined || scheme.coinsDependOnKey).toBe(true);
  expect(constantCoins(bound, degenerateTexts(scheme.h, scheme.profile.V))).toEqual([]);
}

function followsItsNullLaw({ scheme: { law }, scheme, text, expect }: Subject): void {
  const scores = distinctScores(scheme, text);
  const n = scores.length;
  expect(Math.abs(deviation(scores, law))).toBeLessThan(SIGMAS);
  if (law.kind === "bernoulli") expect(new Set(scores)).toEqual(new Set([0, 1]));
  if (law.kind !== "exponential") return;
  for (const p of [0.5, 0.1, 0.01]) {
    const above = scores.filter((score) => score >= -Math.log(p)).length;
    expect(Math.abs(above - n * p)).toBeLessThan(countBound(n, p));
  }
}

/** An engine's candidates in another order: a third of the vocabulary with the token favoured most, or all of it. */
function reweightsCandidatesAlike({ scheme, text, expect, wholeRow }: Subject): void {
  const context = text.subarray(0, 20);
  const logits = randomLogits(scheme.profile.V, 3);
  const whole = logits.slice();
  scheme.reweight(context, whole);
  const best = topOf(whole)[0];
  const every = Uint32Array.from(logits, (_, id) => logits.length - 1 - id);
  const ids = every.filter((id) => wholeRow || id % 3 === 0 || id === best);
  const listed = Float32Array.from(ids, (id) => logits[id]);
  scheme.reweight(context, listed, ids);
  expect(listed).toEqual(Float32Array.from(ids, (id) => whole[id]));
}

function leavesADistribution({ scheme, text, expect, leaves }: Subject): void {
  const context = text.subarray(0, 20);
  const flat = new Float32Array(scheme.profile.V);
  scheme.reweight(context, flat);
  const total = weights(flat).reduce((sum, weight) => sum + weight, 0);
  expect(Math.abs(total - 1)).toBeLessThan(1e-9);
  if (leaves === "distribution") return;
  const best = topOf(flat);
  const [least, most] = [Math.min(...flat), flat[best[0]]];
  expect(new Set(flat)).toEqual(new Set([least, most]));
  if (leaves === "choice") {
    expect([best.length, least, most]).toEqual([1, -Infinity, 0]);
    return;
  }
  expect(least).toBe(0);
  expect(most).toBeGreaterThan(0);
  const logits = randomLogits(scheme.profile.V, 4);
  const row = logits.slice();
  scheme.reweight(context, row);
  const raised = row.map((logit, id) => logit - logits[id]);
  expect(raised.every((by) => Math.abs(by) < 1e-6 || Math.abs(by - most) < 1e-5)).toBe(true);
}

/** On a flat row the most favoured tokens score highest; a general reweighting raises the expected score. */
function scoresWhatItFavours({ scheme, text, expect, leaves }: Subject): void {
  const context = text.subarray(0, scheme.h);
  const row = new Float32Array(scheme.profile.V);
  scheme.reweight(context, row);
  const scores = Float64Array.from(
    row,
    (_, id) => lastCoin(scheme, Uint32Array.of(...context, id))[2],
  );
  if (leaves !== "distribution") {
    const highest = new Set(topOf(scores));
    expect(topOf(row).every((id) => highest.has(id))).toBe(true);
    return;
  }
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const favoured = weights(row).reduce((sum, weight, id) => sum + weight * scores[id], 0);
  expect(favoured).toBeGreaterThan(mean);
}

function isFoundByItsKeyAlone({ scheme, bound, expect }: Subject): void {
  const marked = write(scheme, 400);
  expect(deviation(distinctScores(scheme, marked), scheme.law)).toBeGreaterThan(SIGMAS);
  for (const key of [1, 2, 3]) {
    const other = distinctScores(bound(key), marked);
    expect(Math.abs(deviation(other, scheme.law))).toBeLessThan(SIGMAS);
  }
}

function isUnbiasedIfClaimed({ bound, text, expect, unbiased }: Subject): void {
  if (!unbiased) return;
  const logits = randomLogits(8, 5);
  const keys = 2000;
  const sums = new Float64Array(8);
  const ids = Uint32Array.from({ length: 8 }, (_, id) => id);
  for (let key = 0; key < keys; key++) {
    const row = logits.slice();
    bound(100 + key).reweight(text.subarray(0, 20), row, ids);
    weights(row).forEach((weight, id) => (sums[id] += weight));
  }
  weights(logits).forEach((p, id) => {
    // A weight in [0, 1] of mean p varies at most as much as a coin of p.
    expect(Math.abs(sums[id] - keys * p)).toBeLessThan(countBound(keys, p));
  });
}

/** Indices of the largest values, ascending. */
function topOf(values: ArrayLike<number>): readonly number[] {
  const list = Array.from(values);
  const top = list.reduce((best, value) => Math.max(best, value), -Infinity);
  return [...list.keys()].filter((id) => list[id] === top);
}
