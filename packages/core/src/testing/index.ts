/**
 * The laws every scheme obeys, as a suite for any test runner with `describe`, `it` and `expect`.
 * Shapes: T positions, V vocabulary. Bounds on random quantities have an error of about 1e-9 of their own.
 */
import { Key } from "../keys.js";
import { createKernel } from "../prf/index.js";
import type { Profile } from "../profile.js";
import { bindScheme } from "../schemes/registry.js";
import type { Coins, Scheme, Tokens } from "../types.js";

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

/** Describes the laws of the scheme that `profile` names, bound to several keys. V of 64 … 4096 keeps it quick. */
export function describeScheme(runner: Runner, profile: Profile): void {
  const kernel = createKernel();
  const bound = (key: number): Scheme => bindScheme(profile, testKey(key), kernel);
  const text = randomTokens(4000, profile.V, 1);
  const subject = { scheme: bound(0), bound, text, expect: runner.expect };
  const { scheme, seeding, h } = profile;
  runner.describe(`${scheme}, ${seeding} seeding, h = ${h}`, () => {
    for (const [name, law] of LAWS) runner.it(name, () => law(subject));
  });
}

/** A scheme under test. */
interface Subject {
  readonly scheme: Scheme;
  /** The same profile bound to another key. */
  bound(key: number): Scheme;
  /** Random tokens. (T) */
  readonly text: Tokens;
  readonly expect: Runner["expect"];
}

const LAWS: readonly (readonly [string, (subject: Subject) => void])[] = [
  ["scores a position by its last h tokens and itself alone", scoresLocally],
  ["gives the same coins in a batch as one by one", batchesAlike],
  ["has scores of the null law on text that ignores the key", followsItsNullLaw],
  ["reweights candidates as it reweights the whole row", reweightsCandidatesAlike],
  ["leaves a distribution: finite weights with a sum of 1", leavesADistribution],
  ["is found in its own text by its key, and by no other", isFoundByItsKeyAlone],
  ["is unbiased over keys, if its law is exponential", isUnbiasedIfClaimed],
];

function scoresLocally({ scheme, text, expect }: Subject): void {
  const start = 50;
  const end = start + scheme.h + 1;
  const changed = Uint32Array.from(text.subarray(0, end));
  changed.set(randomTokens(start, scheme.profile.V, 2));
  expect(coinAt(scheme, changed, end - 1)).toEqual(coinAt(scheme, text.slice(0, end), end - 1));
}

function batchesAlike({ scheme, text, expect }: Subject): void {
  const { h } = scheme;
  const batch = coinsOf(scheme, text.subarray(0, 200));
  for (let i = h; i < 200; i++) {
    const one = coinAt(scheme, text.subarray(0, i + 1), i);
    expect(one).toEqual([batch.seedLo[i - h], batch.seedHi[i - h], batch.score[i - h]]);
  }
}

function followsItsNullLaw({ scheme, text, expect }: Subject): void {
  const scores = distinctScores(scheme, text);
  const { mean, deviation } = sample(scores);
  const law = moments(scheme);
  expect(deviations(mean, law.mean, law.variance / scores.length)).toBeLessThan(SIGMAS);
  expect(Math.abs(deviation / Math.sqrt(law.variance) - 1)).toBeLessThan(0.25);
}

function reweightsCandidatesAlike({ scheme, text, expect }: Subject): void {
  const context = text.subarray(0, 20);
  const logits = randomLogits(scheme.profile.V, 3);
  const whole = logits.slice();
  scheme.reweight(context, whole);
  const listed = logits.slice();
  scheme.reweight(
    context,
    listed,
    Uint32Array.from(logits, (_, id) => id),
  );
  expect(listed).toEqual(whole);
}

function leavesADistribution({ scheme, text, expect }: Subject): void {
  const logits = randomLogits(scheme.profile.V, 4);
  scheme.reweight(text.subarray(0, 20), logits);
  const sum = weights(logits).reduce((total, weight) => total + weight, 0);
  expect(Math.abs(sum - 1)).toBeLessThan(1e-9);
}

function isFoundByItsKeyAlone({ scheme, bound, expect }: Subject): void {
  const marked = write(scheme, 400);
  const law = moments(scheme);
  const own = distinctScores(scheme, marked);
  const error = Math.sqrt(law.variance / own.length);
  expect(sample(own).mean).toBeGreaterThan(law.mean + SIGMAS * error);
  const other = distinctScores(bound(1), marked);
  const off = deviations(sample(other).mean, law.mean, law.variance / other.length);
  expect(off).toBeLessThan(SIGMAS);
}

function isUnbiasedIfClaimed({ scheme, bound, text, expect }: Subject): void {
  if (scheme.law.kind !== "exponential") return;
  const logits = randomLogits(8, 5);
  const expected = weights(logits.slice());
  const keys = 2000;
  const counts = new Float64Array(8);
  const ids = Uint32Array.from({ length: 8 }, (_, id) => id);
  for (let key = 0; key < keys; key++) {
    const row = logits.slice();
    bound(100 + key).reweight(text.subarray(0, 20), row, ids);
    counts[row.indexOf(0)]++;
  }
  expected.forEach((p, id) => {
    expect(deviations(counts[id] / keys, p, (p * (1 - p)) / keys)).toBeLessThan(SIGMAS);
  });
}

/** Distance from an expectation in standard errors. */
function deviations(actual: number, expected: number, variance: number): number {
  return Math.abs(actual - expected) / Math.sqrt(variance);
}

/** A key of the suite's own. */
export function testKey(index: number): Key {
  return Key.fromBytes(new Uint8Array(32)).derive({
    provider: "describeScheme",
    epoch: String(index),
  });
}

/** Reproducible token ids below V, by Park and Miller's generator. */
export function randomTokens(n: number, V: number, seed: number): Tokens {
  const next = lehmer(seed);
  return Uint32Array.from({ length: n }, () => Math.floor(next() * V));
}

function lehmer(seed: number): () => number {
  let state = seed * 7919 + 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

function randomLogits(n: number, seed: number): Float32Array {
  const next = lehmer(seed);
  return Float32Array.from({ length: n }, () => 3 * next());
}

/** Softmax. */
function weights(logits: Float32Array): Float64Array {
  const top = logits.reduce((best, logit) => Math.max(best, logit), -Infinity);
  const raw = Float64Array.from(logits, (logit) => Math.exp(logit - top));
  const sum = raw.reduce((total, weight) => total + weight, 0);
  return raw.map((weight) => weight / sum);
}

/** Text sampled from nearly flat logits, reweighted at each step. */
function write(scheme: Scheme, n: number): Tokens {
  const { V } = scheme.profile;
  const next = lehmer(6);
  const out = randomTokens(scheme.h + n, V, 7);
  for (let i = scheme.h; i < out.length; i++) {
    const logits = randomLogits(V, i);
    scheme.reweight(out.subarray(0, i), logits);
    let u = next();
    out[i] = Math.max(
      0,
      weights(logits).findIndex((weight) => (u -= weight) < 0),
    );
  }
  return out;
}

function coinsOf(scheme: Scheme, tokens: Tokens): Coins {
  const n = tokens.length - scheme.h;
  const coins = {
    seedLo: new Uint32Array(n),
    seedHi: new Uint32Array(n),
    score: new Float64Array(n),
  };
  scheme.coins(tokens, scheme.h, coins);
  return coins;
}

function coinAt(scheme: Scheme, tokens: Tokens, position: number): readonly number[] {
  const one = {
    seedLo: new Uint32Array(1),
    seedHi: new Uint32Array(1),
    score: new Float64Array(1),
  };
  scheme.coins(tokens.subarray(0, position + 1), position, one);
  return [one.seedLo[0], one.seedHi[0], one.score[0]];
}

/** Scores of a text, each coin once. */
function distinctScores(scheme: Scheme, tokens: Tokens): number[] {
  const { seedLo, seedHi, score } = coinsOf(scheme, tokens);
  const seen = new Set<string>();
  const out: number[] = [];
  for (let i = 0; i < score.length; i++) {
    const coin = `${seedLo[i]} ${seedHi[i]} ${tokens[scheme.h + i]}`;
    if (!seen.has(coin)) out.push(score[i]);
    seen.add(coin);
  }
  return out;
}

function sample(values: readonly number[]): { readonly mean: number; readonly deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
}

function moments({ law }: Scheme): { readonly mean: number; readonly variance: number } {
  if (law.kind === "exponential") return { mean: 1, variance: 1 };
  return { mean: law.p, variance: law.p * (1 - law.p) };
}
