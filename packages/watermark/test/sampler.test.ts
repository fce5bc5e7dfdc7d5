import { lehmer } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import { type Sampling, PLAIN_SAMPLING, createSampler } from "../src/index.js";

const ids = Uint32Array.of(10, 11, 12, 13);
const logits = Float32Array.from([0.5, 0.25, 0.15, 0.1], Math.log);
const noContext = { context: new Uint32Array(0), marked: false };

/** Relative frequency of each id over many draws. */
function frequencies(sampling: Partial<Sampling>, context = new Uint32Array(0)): number[] {
  const sample = createSampler({ ...PLAIN_SAMPLING, ...sampling }, null, lehmer(7));
  const counts = new Map<number, number>();
  const draws = 20_000;
  for (let i = 0; i < draws; i++) {
    const token = sample({ ids, logits }, { context, marked: false });
    counts.set(token, (counts.get(token) ?? 0) + 1);
  }
  return Array.from(ids, (id) => (counts.get(id) ?? 0) / draws);
}

/** Largest standard error of a frequency is .0035; 5 of them keep a fixed seed from mattering. */
const TOLERANCE = 0.018;

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  actual.forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(TOLERANCE));
}

describe("sampling", () => {
  it("draws from the model's own distribution when every setting is neutral", () => {
    expectClose(frequencies({}), [0.5, 0.25, 0.15, 0.1]);
  });

  it("sharpens with a temperature below 1", () => {
    const weights = [0.25, 0.0625, 0.0225, 0.01];
    const sum = weights.reduce((a, b) => a + b);
    expectClose(
      frequencies({ temperature: 0.5 }),
      weights.map((w) => w / sum),
    );
  });

  it("takes the most likely token at temperature 0", () => {
    expect(frequencies({ temperature: 0 })).toEqual([1, 0, 0, 0]);
  });

  it("keeps the k most likely with top-k", () => {
    expectClose(frequencies({ topK: 2 }), [2 / 3, 1 / 3, 0, 0]);
  });

  it("keeps the smallest set that reaches top-p", () => {
    expectClose(frequencies({ topP: 0.7 }), [2 / 3, 1 / 3, 0, 0]);
    expectClose(frequencies({ topP: 0.5 }), [1, 0, 0, 0]);
  });

  it("keeps tokens at least min-p times as likely as the best", () => {
    expectClose(frequencies({ minP: 0.29 }), [5 / 9, 2.5 / 9, 1.5 / 9, 0]);
  });

  it("applies top-k before top-p", () => {
    expectClose(frequencies({ topK: 2, topP: 0.7 }), [2 / 3, 1 / 3, 0, 0]);
    expectClose(frequencies({ topK: 2, topP: 0.6 }), [1, 0, 0, 0]);
  });

  it("penalises tokens that are already in the text", () => {
    const [seen] = frequencies({ repetitionPenalty: 2 }, Uint32Array.of(10));
    expectClose([seen], [0.25 / 0.75]); // ln .5 · 2 = ln .25
  });

  it("finds candidates in any order", () => {
    const shuffledIds = Uint32Array.of(13, 10, 12, 11);
    const shuffledLogits = Float32Array.from([0.1, 0.5, 0.15, 0.25], Math.log);
    const sample = createSampler({ ...PLAIN_SAMPLING, topK: 1 }, null, lehmer(3));
    expect(sample({ ids: shuffledIds, logits: shuffledLogits }, noContext)).toBe(10);
  });

  it.each([
    ["temperature", -1, "a number from 0 to 100"],
    ["temperature", Number.NaN, "a number from 0 to 100"],
    ["topK", 1.5, "a whole number ≥ 0"],
    ["topP", 0, "a number in (0, 1]"],
    ["minP", 1, "a number in [0, 1)"],
    ["repetitionPenalty", 0, "a number in (0, 10]"],
  ])("refuses %s = %s", (name, value, range) => {
    const make = (): unknown =>
      createSampler({ ...PLAIN_SAMPLING, [name]: value }, null, lehmer(1));
    expect(make).toThrow(new RangeError(`sampling.${name}: expected ${range}, got ${value}`));
  });
});
