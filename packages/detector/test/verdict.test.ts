import { Key, type NullLaw, createKernel, parseProfile } from "@verdigris/core";
import { randomTokens, testProfile } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import {
  type DecoyTest,
  Detector,
  decide,
  DecoySchemes,
  decoyKey,
  decoyTest,
  scoreLog10P,
} from "../src/index.js";
import { summariseDecoys } from "../src/decoys.js";

const law: NullLaw = { kind: "bernoulli", p: 0.25 };
const unscored = { repeated: 0, prompt: 0, keyless: 0, noContext: 0 };
const count = { n: 200, sum: 75, tokens: 200, unscored };

/** B decoys of variance 1, the first few of which look marked. */
function decoys(keys: number, marked = 0, spread = 1): DecoyTest {
  const z = Float64Array.from({ length: keys }, (_, i) =>
    i < marked ? 9 : spread * (i % 2 === 0 ? 1 : -1),
  );
  return summariseDecoys(z, 4.08);
}

describe("the arbiter", () => {
  it("leaves a detection alone if no decoy looks as marked as the key", () => {
    const verdict = decide(law, count, { alpha: 1e-3, decoys: decoys(999) });
    expect(verdict).toMatchObject({ kind: "detected", decidedBy: "tail", warnings: [] });
  });

  it("overrules the tail if decoys look as marked, and says so", () => {
    // A single decoy of 999: rank p = 0.002, above α.
    const verdict = decide(law, count, { alpha: 1e-3, decoys: decoys(999, 1) });
    expect(verdict).toMatchObject({ kind: "not-detected", decidedBy: "decoys" });
    expect(verdict.warnings.join()).toMatch(
      /^1 of 999 decoy keys .* the verdict would be: detected$/,
    );
  });

  it("asks of few decoys what they can show", () => {
    expect(decide(law, count, { alpha: 1e-4, decoys: decoys(99) }).kind).toBe("detected");
    expect(decide(law, count, { alpha: 1e-4, decoys: decoys(99, 1) }).kind).toBe("not-detected");
    // With α = 0.02 one decoy of 99 is no surprise: rank p = 0.02.
    expect(decide(law, count, { alpha: 0.02, decoys: decoys(99, 1) }).kind).toBe("detected");
  });

  it("widens by an inflation that is certain, and says whether that decided", () => {
    const verdict = decide(law, count, { alpha: 1e-3, decoys: decoys(999, 0, 2) });
    expect(verdict).toMatchObject({ kind: "not-detected", decidedBy: "decoys" });
    expect(verdict.log10P).toBeCloseTo(scoreLog10P(law, 200, 50 + 25 / 2), 1);
    expect(verdict.warnings.join()).toContain("without that the verdict would be: detected");
  });

  it("does not take a rank in a sample for one in the text", () => {
    const rule = { alpha: 1e-3, decoys: decoys(999, 1), isSampled: true };
    expect(decide(law, count, rule).kind).toBe("detected");
  });

  it("warns of a tail that is too cautious", () => {
    const verdict = decide(law, count, { alpha: 1e-3, decoys: decoys(999, 0, 0.7) });
    expect(verdict.kind).toBe("detected");
    expect(verdict.warnings.join()).toContain("the exact tail is cautious here");
  });
});

describe("the number of decoys", () => {
  const kernel = createKernel();
  const key = Key.fromBytes(new Uint8Array(32).fill(1));
  const profile = testProfile({ h: 1 });
  const tokens = randomTokens(300, 1000, 4);

  it.each([
    [0.999, 99],
    // Random text: the tail does not reject at 1e-3, and 99 decoys are enough.
    [1e-3, 99],
  ])("is 99 where the decoys cannot change the answer, α = %s", (alpha, keys) => {
    const detector = new Detector(profile, key, { alpha, kernel });
    detector.add({ tokens });
    expect(detector.verdict().decoys?.keys).toBe(keys);
  });

  it("arbitrates at α where the tail rejects", () => {
    // Of 1,500 keys the one that random text favours most.
    const best = [...Array(1500).keys()]
      .map((i) => decoyKey(i))
      .map((candidate) => ({ candidate, log10P: tailOf(candidate) }))
      .sort((a, b) => a.log10P - b.log10P)[0]!;
    const alpha = 10 ** (best.log10P * 0.999);
    const detector = new Detector(profile, best.candidate, { alpha, kernel });
    detector.add({ tokens });
    expect(alpha).toBeLessThan(0.005);
    expect(detector.verdict().decoys?.keys).toBe(Math.ceil(1 / alpha - 1e-9) - 1);
  });

  it("does not depend on whose decoys they are whether a key is found", () => {
    const statistic = { zScore: 6 };
    const test = (master?: Key): DecoyTest =>
      decoyTest(new DecoySchemes(profile, kernel, master), [{ tokens }], { keys: 99, statistic });
    expect(test().p).toBe(0.01);
    expect(test(key).p).toBe(0.01);
    expect(test(key).meanZ).not.toBe(test().meanZ);
  });

  it("is a matter apart from their variance, the usual one where one list serves the whole text", () => {
    const unigram = parseProfile({
      ...testProfile({ h: 0, V: 600 }),
      scheme: "unigram",
      parameters: { gamma: 0.5, delta: 2 },
      prf: "numpy-pcg64-v1",
    });
    // Most of the list is seen: drawn without replacement, z would otherwise vary a quarter as much.
    const seen = [{ tokens: Uint32Array.from({ length: 450 }, (_, i) => i + 100) }];
    const test = decoyTest(unigram, seen, { keys: 400, statistic: { zScore: 0 }, kernel });
    expect(test.varianceInterval[0]).toBeLessThan(1.2);
    expect(test.varianceInterval[1]).toBeGreaterThan(0.8);
  });

  function tailOf(candidate: Key): number {
    const detector = new Detector(profile, candidate, { decoys: 0, kernel });
    detector.add({ tokens });
    return detector.verdict().log10P;
  }
});
