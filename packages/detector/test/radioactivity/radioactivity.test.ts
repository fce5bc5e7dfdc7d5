import { Key, type Scheme, bindScheme, coinsOf, createKernel } from "@verdigris/core";
import { describe, expect, it } from "vitest";
import {
  DecoySchemes,
  closedDecoys,
  closedTest,
  decoyKey,
  openTest,
  stratifiedOpenTest,
} from "../../src/index.js";
import { expectedScores } from "../../src/radioactivity/open.js";
import { testProfile, randomTokens } from "@verdigris/core/testing";

const profile = testProfile({ h: 2 });
const kernel = createKernel();
const key = Key.fromBytes(new Uint8Array(32).fill(1));
const scheme = bindScheme(profile, key, kernel);
const N = 3000;

const PROFILES = [
  ...([1, 2, 3, 6] as const).map((h) => testProfile({ h })),
  testProfile({ h: 0 }),
  testProfile({ h: 3, seeding: "min" }),
  testProfile({ h: 2, seeding: "self" }),
  testProfile({ h: 2, scheme: "gumbel", parameters: {} }),
  // Seeds of more than two words.
  testProfile({
    h: 4,
    scheme: "vllm-gumbel",
    prf: "philox4x32-10-v1",
    parameters: { alpha: null },
  }),
].map((own) => [own.scheme, own.seeding, own.h, own] as const);

/** Distinct contexts of three tokens. */
const contexts = Array.from({ length: N }, (_, i) =>
  Uint32Array.of(5, i % 1000, Math.floor(i / 1000)),
);

/** A suspect that prefers green tokens with probability `preference`. */
function draws(preference: number): { contexts: readonly Uint32Array[]; tokens: Uint32Array } {
  const options = randomTokens(2 * N, 1000, 77);
  const tokens = Uint32Array.from(contexts, (context, i) => {
    const logits = new Float32Array(2);
    const ids = options.subarray(2 * i, 2 * i + 2);
    scheme.reweight(context, logits, ids);
    return i % 100 < 100 * preference && logits[1] > logits[0] ? ids[1] : ids[0];
  });
  return { contexts, tokens };
}

describe("closed test", () => {
  it("finds a preference for the teacher's green tokens", () => {
    const evidence = closedTest(scheme, draws(0.5));
    expect(evidence.log10P).toBeLessThan(-10);
    const decoys = closedDecoys(profile, draws(0.5), { keys: 99, statistic: evidence, kernel });
    expect(decoys.p).toBe(0.01);
    expect(Math.abs(decoys.meanZ)).toBeLessThan(0.5);
  });

  it("finds nothing in an innocent suspect", () => {
    expect(closedTest(scheme, draws(0)).log10P).toBeGreaterThan(-3);
  });

  it("counts a coin once however often it is asked", () => {
    const twice = { contexts: [contexts[0], contexts[0]], tokens: Uint32Array.of(7, 7) };
    expect(closedTest(scheme, twice).n).toBe(1);
  });

  it.each([null, 0.3])(
    "scores a mark whose seed is more than two words as text, α = %s",
    (alpha) => {
      const parameters = { alpha };
      const vllm = { scheme: "vllm-gumbel", prf: "philox4x32-10-v1", h: 2, parameters } as const;
      const wide = bindScheme(testProfile(vllm), key, kernel);
      const few = {
        contexts: contexts.slice(0, 50),
        tokens: Uint32Array.from({ length: 50 }, (_, i) => i),
      };
      const scores = few.contexts.map(
        (context, i) => coinsOf(wide, Uint32Array.of(...context.slice(-2), few.tokens[i])).score[0],
      );
      expect(closedTest(wide, few).sum).toBeCloseTo(
        scores.reduce((sum, score) => sum + score, 0),
        10,
      );
    },
  );

  it("refuses a context shorter than h", () => {
    const short = { contexts: [Uint32Array.of(1)], tokens: Uint32Array.of(7) };
    expect(() => closedTest(scheme, short)).toThrow(
      "contexts[0]: expected at least h = 2 tokens, got 1",
    );
  });
});

describe("decoys of the closed test", () => {
  const tokens = randomTokens(N, 1000, 5);
  const asked = {
    // Windows that overlap, windows that recur with another token and with the same one, contexts longer than h.
    contexts: Array.from({ length: 400 }, (_, i) =>
      tokens.subarray(i % 300, (i % 300) + 6 + (i % 3)),
    ),
    tokens: Uint32Array.from({ length: 400 }, (_, i) => tokens[i % 350] % 7),
  };

  it.each(PROFILES)("are the test under each key: %s, %s, h = %d", (_name, _seeding, _h, own) => {
    const options = {
      keys: 5,
      statistic: { ...closedTest(scheme, draws(0)), zScore: 0.4 },
      kernel,
    };
    const z = Array.from(
      { length: 5 },
      (_, i) => closedTest(bindScheme(own, decoyKey(i), kernel), asked).zScore,
    );
    const meanZ = z.reduce((sum, one) => sum + one, 0) / 5;
    for (const decoys of [own, new DecoySchemes(own, kernel)]) {
      const found = closedDecoys(decoys, asked, options);
      expect(found.meanZ).toBe(meanZ);
      expect(found.p).toBe((1 + z.filter((one) => one >= 0.4).length) / 6);
    }
  });

  it.each(PROFILES)("score as text does: %s, %s, h = %d", (_name, _seeding, h, own) => {
    const bound = bindScheme(own, decoyKey(1), kernel);
    const each = asked.contexts.map((context, i) =>
      coinsOf(bound, Uint32Array.of(...context.subarray(context.length - h), asked.tokens[i])),
    );
    const seen = new Set<string>();
    const sum = each.reduce((total, { seedLo, seedHi, score }, i) => {
      const coin = [seedLo[0], seedHi[0], asked.tokens[i]].join(" ");
      if (seen.has(coin) || bound.isKeyless?.(seedLo[0], seedHi[0]) === true) return total;
      seen.add(coin);
      return total + score[0];
    }, 0);
    expect(closedTest(bound, asked)).toMatchObject({ sum });
  });
});

describe("open test", () => {
  /** Eight candidates a context; green ones are `factor` times as likely. */
  function predictions(factor: number, by = scheme): Parameters<typeof openTest>[1] {
    const ids = randomTokens(8 * N, 1000, 55);
    return contexts.map((context, i) => {
      const own = ids.slice(8 * i, 8 * i + 8);
      const logits = new Float32Array(8);
      by.reweight(context, logits, own);
      const weights = Array.from(logits, (logit) => (logit > 0 ? factor : 1));
      const sum = weights.reduce((a, b) => a + b);
      return { context, ids: own, p: Float64Array.from(weights, (w) => (0.8 * w) / sum) };
    });
  }

  it("finds a small shift of mass, and a fifth of the mass elsewhere does not matter", () => {
    const evidence = openTest(scheme, predictions(1.2));
    expect(evidence.log10E).toBeGreaterThan(5);
    expect(evidence.log10P).toBe(-evidence.log10E);
  });

  it("rarely exceeds 1/α for wrong keys: Ville's bound over 60 keys", () => {
    const suspect = predictions(1.2);
    let crossed = 0;
    for (let i = 0; i < 60; i++) {
      const wrong = bindScheme(profile, decoyKey(i), kernel);
      if (openTest(wrong, suspect).log10E >= 1) crossed++;
    }
    expect(crossed).toBeLessThanOrEqual(22); // P(Binomial(60, .1) > 22) < 1e-8
  });
});

describe.each(["self", "min"] as const)(
  "open test of %s seeding, whose windows share coins",
  (seeding) => {
    const shared = testProfile({ h: 2, seeding });
    /** An innocent that likes the same few tokens everywhere, as models do. */
    const innocent = contexts.slice(0, 160).map((_, i) => {
      const ids = Uint32Array.from({ length: 20 }, (_token, j) => j);
      const p = Float64Array.from(ids, (j) => 0.1 * 0.8 ** j);
      return { context: Uint32Array.of(i % 20, Math.floor(i / 20)), ids, p };
    });
    const under = (i: number): Scheme => bindScheme(shared, decoyKey(i), kernel);
    const deviation = (z: readonly number[]): number => {
      const mean = z.reduce((sum, one) => sum + one, 0) / z.length;
      return Math.sqrt(z.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (z.length - 1));
    };
    const keys = Array.from({ length: 40 }, (_, i) => i);

    it("keeps its level, and would not if contexts were taken for independent", () => {
      const tests = keys.map((i) => openTest(under(i), innocent));
      expect(deviation(tests.map(({ zScore }) => zScore))).toBeLessThan(1.4);
      expect(tests.filter(({ log10P }) => log10P <= -2).length).toBeLessThanOrEqual(4);
      const canary = keys.map((i) => {
        const masses = expectedScores(under(i), innocent);
        const mean = masses.reduce((sum, mass) => sum + mass, 0) / masses.length;
        const squares = masses.reduce((sum, mass) => sum + (mass - mean) ** 2, 0);
        return ((mean - 0.25) * masses.length) / Math.sqrt(squares);
      });
      expect(deviation(canary)).toBeGreaterThan(2);
    });

    it("finds a shift of mass to green tokens", () => {
      const own = bindScheme(shared, key, kernel);
      const shifted = innocent.map(({ context, ids, p }) => {
        const logits = new Float32Array(ids.length);
        own.reweight(context, logits, ids);
        return { context, ids, p: p.map((one, j) => one * (logits[j] > 0 ? 2 : 0.1)) };
      });
      expect(openTest(own, shifted).log10P).toBeLessThan(-5);
    });

    it("is refused by strata, whose e-values are multiplied", () => {
      expect(() =>
        stratifiedOpenTest(under(0), innocent, { counts: () => new Float64Array(1) }),
      ).toThrow("predictions: expected contexts that share no coin");
    });
  },
);
