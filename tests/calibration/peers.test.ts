/**
 * Guarantee: for every mark in the registry, on text that does not depend on the key, p ≤ α happens at most α of the
 * time: the count over keys stays below an exact binomial bound whose own error is 1e-9, on random, repetitive and real
 * text. Canary for each: counting repeated coins breaks it on repetitive text.
 */
import {
  type Profile,
  type Tokens,
  bindScheme,
  createKernel,
  parseProfile,
  schemes,
} from "@verdigris/core";
import { randomTokens, testProfile } from "@verdigris/core/testing";
import { Tally, binomialLog10P, decoyKey, evidenceOf } from "@verdigris/detector";
import { beforeAll, describe, expect, it } from "vitest";
import { foreignProfiles, recordedMaterial } from "./material.js";

const KEYS = 250;
const LENGTH = 100;
/** Marks by permutation cost time in proportion to it, and no guarantee depends on it. Ids of real text are folded. */
const V = 2048;
const ALPHAS = [0.1, 0.01, 0.001];

/** Parameters of our own schemes; the others have their example profiles. */
const OWN: Readonly<Record<string, Profile["parameters"]>> = {
  "green-list": { gamma: 0.25, delta: 2 },
  gumbel: {},
  "green-list-payload": { gamma: 0.25, delta: 2, code: "bch-127-22", payload: 5 },
};
const examples = [
  ...foreignProfiles(),
  ...Object.entries(OWN).map(([scheme, parameters]): readonly [string, Profile] => [
    scheme,
    parseProfile(testProfile({ scheme, parameters })),
  ]),
];

/** Every entry of the registry on each of its pseudo-random functions, and its profiles. */
const marks = schemes.flatMap(({ name, prfs }) =>
  prfs.map((prf) => {
    const own = examples.filter(([, profile]) => profile.scheme === name && profile.prf === prf);
    const profiles = own.map(([file, profile]): [string, Profile] => [
      file,
      { ...profile, V, specialTokens: [] },
    ]);
    return { mark: `${name} on ${prf}`, profiles };
  }),
);

const kernel = createKernel();

/** log10 p of one text per key. (KEYS) */
function log10Ps(
  profile: Profile,
  textOf: (key: number) => Tokens,
  options: { readonly keys: number; readonly deduplicate: boolean },
): Float64Array {
  return Float64Array.from({ length: options.keys }, (_, key) => {
    const scheme = bindScheme(profile, decoyKey(50_000 + key), kernel);
    const tally = new Tally(scheme, { deduplicate: options.deduplicate });
    tally.add({ tokens: textOf(key) });
    return evidenceOf(scheme.law, tally.count()).log10P;
  });
}

function rejections(values: Float64Array, alpha: number): number {
  return values.reduce((count, value) => count + (value <= Math.log10(alpha) ? 1 : 0), 0);
}

/** The least count that n tests at level α reach with probability at most 1e-9. */
function bound(n: number, alpha: number): number {
  let count = 0;
  while (binomialLog10P(count, n, alpha) > -9) count++;
  return count;
}

/** A phrase of eight tokens, over and over, with another word now and then. */
function repetitive(key: number): Tokens {
  return Uint32Array.from({ length: LENGTH }, (_, i) =>
    i % 40 === 39 ? 100 + ((key * 31 + i) % 900) : 200 + ((key * 17) % 50) + (i % 8) * 97,
  );
}

describe("null calibration of every mark in the registry", () => {
  let real: Tokens;

  beforeAll(async () => {
    const { unmarked } = await recordedMaterial();
    real = Uint32Array.from(unmarked.flatMap(({ tokens }) => Array.from(tokens, (id) => id % V)));
  });

  it.each(marks)("has a profile of $mark", ({ profiles }) => {
    expect(profiles.length).toBeGreaterThan(0);
  });

  describe.each(marks.flatMap(({ profiles }) => profiles))("%s", (_, profile) => {
    const textOf: Record<string, (key: number) => Tokens> = {
      random: (key) => randomTokens(LENGTH, V, 1000 + key),
      repetitive,
      real: (key) => real.subarray(key * LENGTH, (key + 1) * LENGTH),
    };

    it.each(Object.keys(textOf))("keeps its false-alarm rate on %s text", (kind) => {
      const values = log10Ps(profile, textOf[kind], { keys: KEYS, deduplicate: true });
      for (const alpha of ALPHAS) {
        expect(rejections(values, alpha), `α = ${alpha}`).toBeLessThan(bound(KEYS, alpha));
      }
    });

    it("canary: counting repeated coins is caught", () => {
      const values = log10Ps(profile, repetitive, { keys: KEYS, deduplicate: false });
      expect(rejections(values, 0.01)).toBeGreaterThanOrEqual(bound(KEYS, 0.01));
    });
  });
});
