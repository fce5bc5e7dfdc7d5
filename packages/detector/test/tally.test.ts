import { Key, type Scheme, bindScheme, createKernel } from "@verdigris/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Tally } from "../src/index.js";
import { testProfile, randomTokens } from "@verdigris/core/testing";

const key = Key.fromBytes(new Uint8Array(32).fill(1));
const kernel = createKernel();

function scheme(changes: Parameters<typeof testProfile>[0] = {}): Scheme {
  return bindScheme(testProfile(changes), key, kernel);
}

describe("a tally", () => {
  it("counts every distinct (window, token) once, over all texts", () => {
    const tally = new Tally(scheme());
    tally.add({ tokens: Uint32Array.of(1, 2, 3, 1, 2, 3, 1) });
    expect(tally.count()).toMatchObject({
      n: 3,
      tokens: 7,
      unscored: { repeated: 3, prompt: 0, noContext: 1 },
    });
    tally.add({ tokens: Uint32Array.of(1, 2, 4) });
    expect(tally.count()).toMatchObject({ n: 4, unscored: { repeated: 4, noContext: 2 } });
  });

  it("counts by the effective seed: with min seeding one token can seed many windows", () => {
    const tokens = randomTokens(400, 4, 3);
    const min = new Tally(scheme({ seeding: "min", h: 3 }));
    min.add({ tokens });
    const left = new Tally(scheme({ seeding: "left", h: 3 }));
    left.add({ tokens });
    expect(min.count().n).toBeLessThanOrEqual(16); // 4 seeds × 4 tokens
    expect(left.count().n).toBeGreaterThan(100);
  });

  it("does not score windows that occur in the prompt", () => {
    const tally = new Tally(scheme({ h: 2 }));
    tally.add({ prompt: Uint32Array.of(5, 6, 7), tokens: Uint32Array.of(5, 6, 9, 5, 7) });
    expect(tally.count()).toMatchObject({ n: 2, unscored: { prompt: 1, noContext: 2 } });
  });

  it("forgets the prompt with the next text", () => {
    const tally = new Tally(scheme({ h: 2 }));
    tally.add({ prompt: Uint32Array.of(5, 6, 7), tokens: Uint32Array.of(5, 6, 9) });
    tally.add({ tokens: Uint32Array.of(5, 6, 9) });
    expect(tally.count()).toMatchObject({ n: 1, unscored: { prompt: 1 } });
  });

  it("with h = 0 excludes the prompt's tokens, and counts each token once", () => {
    const tally = new Tally(scheme({ h: 0 }));
    tally.add({ prompt: Uint32Array.of(5), tokens: Uint32Array.of(5, 6, 6, 7) });
    expect(tally.count()).toMatchObject({
      n: 2,
      unscored: { prompt: 1, repeated: 1, noContext: 0 },
    });
  });

  it("leaves out coins that are the same under every key, and says how many", () => {
    const profile = testProfile({
      scheme: "hf-green-list",
      parameters: { gamma: 0.25, delta: 2, contextWidth: 1 },
      prf: "torch-mt19937-v1",
    });
    const tally = new Tally(bindScheme(profile, Key.fromPeer("15485863"), kernel));
    tally.add({ tokens: Uint32Array.of(5, 0, 6, 0, 7, 8) });
    expect(tally.count()).toMatchObject({
      n: 3,
      unscored: { repeated: 0, prompt: 0, keyless: 2, noContext: 1 },
    });
    tally.reset();
    expect(tally.count().unscored.keyless).toBe(0);
  });

  it("never lets a window cross a special token or a text", () => {
    const tally = new Tally(scheme({ h: 2, specialTokens: [0] }));
    tally.add({ tokens: Uint32Array.of(1, 2, 3, 0, 4, 5, 6) });
    expect(tally.count()).toMatchObject({ n: 2, unscored: { noContext: 5 } });
    tally.add({ tokens: Uint32Array.of(7, 8) });
    expect(tally.count().n).toBe(2);
  });

  it("gives one answer however a text is cut into pieces", () => {
    const cut = fc.tuple(
      fc.array(fc.nat(30), { minLength: 1, maxLength: 200 }),
      fc.array(fc.nat(200), { maxLength: 5 }),
      fc.constantFrom(0, 1, 3, 5),
    );
    fc.assert(
      fc.property(cut, ([ids, cuts, h]) => {
        const tokens = Uint32Array.from(ids);
        const whole = new Tally(scheme({ h, specialTokens: [7] }));
        whole.add({ tokens });
        const pieces = new Tally(scheme({ h, specialTokens: [7] }));
        const bounds = [
          0,
          ...cuts.map((at) => at % tokens.length).sort((a, b) => a - b),
          tokens.length,
        ];
        for (let i = 1; i < bounds.length; i++) {
          pieces.add({ tokens: tokens.subarray(bounds[i - 1], bounds[i]), continues: i > 1 });
        }
        expect(pieces.count()).toEqual(whole.count());
      }),
      { seed: 11, numRuns: 200 },
    );
  });

  it("adds up over disjoint texts", () => {
    const [a, b] = [
      randomTokens(300, 400, 5),
      randomTokens(300, 400, 6).map((token) => token + 500),
    ];
    const sum = (texts: readonly Uint32Array[]): { n: number; sum: number } => {
      const tally = new Tally(scheme());
      for (const tokens of texts) tally.add({ tokens });
      return tally.count();
    };
    expect(sum([a, b]).n).toBe(sum([a]).n + sum([b]).n);
    expect(sum([a, b]).sum).toBe(sum([a]).sum + sum([b]).sum);
  });

  it("refuses token ids outside the vocabulary", () => {
    const add = (): void => new Tally(scheme()).add({ tokens: Uint32Array.of(1, 1024) });
    expect(add).toThrow(new RangeError("tokens[1]: expected a token id below V = 1024, got 1024"));
  });
});
