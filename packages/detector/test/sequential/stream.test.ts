import { Key, bindScheme, createKernel } from "@verdigris/core";
import { randomTokens, testProfile } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import { DetectionStream, Tally, decoyKey } from "../../src/index.js";

const kernel = createKernel();
const key = Key.fromBytes(new Uint8Array(32).fill(3));
const profile = testProfile({ h: 2, specialTokens: [7] });

/** Text of which every token is tried again up to twice if it is red. */
function marked(n: number): Uint32Array {
  const scheme = bindScheme(profile, key, kernel);
  const tries = randomTokens(3 * n, profile.V, 5);
  const out = tries.slice(0, n);
  for (let i = 2; i < n; i++) {
    for (let t = 0; t < 2; t++) {
      const logit = new Float32Array(1);
      scheme.reweight(out.subarray(0, i), logit, out.subarray(i, i + 1));
      if (logit[0] > 0) break;
      out[i] = tries[n + 2 * i + t];
    }
  }
  return out;
}

describe("a detection stream", () => {
  it("counts as the batch does, token by token, over several texts and prompts", () => {
    const stream = new DetectionStream(profile, key, { kernel });
    const tally = new Tally(bindScheme(profile, key, kernel));
    for (const seed of [1, 2, 3]) {
      const tokens = randomTokens(300, 40, seed);
      const prompt = randomTokens(100, 40, seed + 10);
      stream.begin(prompt);
      for (const token of tokens) stream.push(token);
      tally.add({ tokens, prompt });
    }
    expect(stream.state().count).toEqual(tally.count());
  });

  it("stops when the mark is found, and stays there", () => {
    const stream = new DetectionStream(profile, key, { kernel });
    const kinds = Array.from(marked(300), (token) => stream.push(token).kind);
    const at = kinds.indexOf("detected");
    expect(at).toBeGreaterThan(10);
    expect(new Set(kinds.slice(at))).toEqual(new Set(["detected"]));
    const unmarked = randomTokens(500, profile.V, 9);
    expect(Array.from(unmarked, (token) => stream.push(token).kind)).not.toContain("undecided");
  });

  it("gives up on an effect below the smallest of interest", () => {
    const stream = new DetectionStream(profile, decoyKey(1), { kernel, smallestEffect: 0.15 });
    const kinds = Array.from(marked(900), (token) => stream.push(token).kind);
    expect(kinds.at(-1)).toBe("effect-too-small");
  });

  it("stops at its budget of scored positions", () => {
    const stream = new DetectionStream(profile, decoyKey(2), { kernel, budget: 100 });
    const states = Array.from(randomTokens(200, profile.V, 4), (token) => stream.push(token));
    expect(states.find(({ kind }) => kind === "budget-spent")?.count.n).toBe(100);
  });

  it("beyond its memory drops some new coins, and never counts one twice", () => {
    const small = new DetectionStream(profile, key, { kernel, memory: 100 });
    const tokens = randomTokens(3000, 60, 8);
    const full = new Tally(bindScheme(profile, key, kernel));
    full.add({ tokens });
    for (const token of tokens) small.push(token);
    const { n } = small.state().count;
    expect(n).toBeLessThanOrEqual(full.count().n);
    expect(n).toBeGreaterThan(0.95 * full.count().n);
    const before = n;
    small.begin();
    for (const token of tokens) small.push(token);
    expect(small.state().count.n).toBe(before);
  });

  it.each([[0], [1], [-1], [Number.NaN]])("refuses alpha = %s", (alpha) => {
    expect(() => new DetectionStream(profile, key, { alpha })).toThrow(
      /^alpha must be in \(0, 1\), got/,
    );
  });
});
