import { Key, type Profile, bindScheme, createKernel } from "@verdigris/core";
import { describe, expect, it } from "vitest";
import { Detector, decoyKey, detect } from "../src/index.js";
import { testProfile, randomTokens } from "@verdigris/core/testing";

const key = Key.fromBytes(new Uint8Array(32).fill(1));
const kernel = createKernel();

/** Text whose tokens are green with a given probability: each step tries a second token if the first is red. */
function markedTokens(profile: Profile, n: number): Uint32Array {
  const scheme = bindScheme(profile, key, kernel);
  const tries = randomTokens(8 * n, profile.V, 12);
  const out = Uint32Array.from(tries.subarray(0, n));
  for (let i = scheme.h; i < n; i++) {
    for (let t = 0; t < 3; t++) {
      const logits = new Float32Array(1);
      scheme.reweight(out.subarray(0, i), logits, out.subarray(i, i + 1));
      if (logits[0] > 0) break;
      out[i] = tries[n + 3 * i + t];
    }
  }
  return out;
}

describe("detection", () => {
  it.each([["left"], ["min"], ["self"]] as const)(
    "finds its own mark with %s seeding",
    (seeding) => {
      const profile = testProfile({ seeding, h: 2 });
      const verdict = detect(profile, key, [{ tokens: markedTokens(profile, 300) }], { kernel });
      expect(verdict.kind).toBe("detected");
      expect(verdict.log10P).toBeLessThan(-10);
      expect(verdict.decoys?.p).toBe(0.001);
    },
  );

  it("does not find another key's mark, nor any in random text", () => {
    const profile = testProfile();
    const marked = markedTokens(profile, 300);
    expect(detect(profile, decoyKey(1), [{ tokens: marked }], { kernel }).kind).toBe(
      "not-detected",
    );
    expect(detect(profile, key, [{ tokens: randomTokens(300, 1000, 4) }], { kernel }).kind).toBe(
      "not-detected",
    );
  });

  it("says too short, and how much would do", () => {
    const verdict = detect(testProfile(), key, [{ tokens: Uint32Array.of(1, 2, 3) }], {
      kernel,
      alpha: 1e-3,
    });
    expect(verdict).toMatchObject({ kind: "too-short", smallestN: 5 });
    expect(detect(testProfile(), key, [], { kernel })).toMatchObject({
      kind: "too-short",
      log10P: 0,
    });
  });

  it("is the same after a reset as new", () => {
    const [first, second] = [5, 6].map((seed) => randomTokens(400, 50, seed));
    const used = new Detector(testProfile(), key, { kernel, decoys: 19 });
    used.add({ tokens: first, prompt: second });
    used.verdict();
    used.reset(0.01);
    const fresh = new Detector(testProfile(), key, { kernel, decoys: 19, alpha: 0.01 });
    for (const detector of [used, fresh]) detector.add({ tokens: second, continues: true });
    expect(used.verdict()).toEqual(fresh.verdict());
    expect(used.verdict().count.n).toBeGreaterThan(300);
    expect(() => used.reset(1)).toThrow("alpha: expected a number in (0, 1), got 1");
  });

  it("beyond its memory leaves coins out, counts none twice, and says so", () => {
    const tokens = randomTokens(5000, 1000, 7);
    const bounded = new Detector(testProfile(), key, { kernel, memory: 1000, decoys: 99 });
    for (let i = 0; i < 2; i++) bounded.add({ tokens });
    const all = detect(testProfile(), key, [{ tokens }], { kernel, decoys: 0 });
    const verdict = bounded.verdict();
    expect(all.warnings).toEqual([]);
    expect(verdict.warnings).toEqual([expect.stringContaining("cannot raise a false alarm")]);
    expect(verdict.count.n).toBeGreaterThan(0.99 * all.count.n);
    expect(verdict.count.n).toBeLessThanOrEqual(all.count.n);
    expect(verdict.decoys?.varianceInflation).toBeGreaterThan(0.5);
    expect(verdict.decoys?.varianceInflation).toBeLessThan(2);
  });

  it("is the same piece by piece as at once", () => {
    const profile = testProfile();
    const tokens = markedTokens(profile, 300);
    const detector = new Detector(profile, key, { kernel });
    for (let i = 0; i < 300; i += 50)
      detector.add({ tokens: tokens.subarray(i, i + 50), continues: i > 0 });
    expect(detector.verdict()).toEqual(detect(profile, key, [{ tokens }], { kernel }));
  });

  it("leaves the decoys out when asked to", () => {
    const verdict = detect(testProfile(), key, [{ tokens: randomTokens(300, 1000, 4) }], {
      kernel,
      decoys: 0,
    });
    expect(verdict.decoys).toBeNull();
  });

  it.each([
    [{ alpha: 0 }, "alpha: expected a number in (0, 1), got 0"],
    [{ alpha: 1.5 }, "alpha: expected a number in (0, 1), got 1.5"],
    [{ decoys: -1 }, "decoys: expected a whole number from 0 to 1000000, got -1"],
  ])("refuses %j", (options, message) => {
    expect(() => new Detector(testProfile(), key, options)).toThrow(new RangeError(message));
  });
});
