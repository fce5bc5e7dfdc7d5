import { Key, type Profile, bindScheme, createKernel } from "@verdigris/core";
import { randomTokens, testProfile } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import { type Suspect, Tally, attribute, clopperPearson, evidenceOf } from "../src/index.js";

const kernel = createKernel();
const master = Key.fromBytes(new Uint8Array(32).fill(9));
const profile = testProfile({ h: 2 });

function suspect(i: number): Suspect {
  const name = `tenant-${i}`;
  return { name, level: "tenant", key: master.derive({ provider: "test", tenant: name }) };
}

function* suspects(n: number): Generator<Suspect> {
  for (let i = 0; i < n; i++) yield suspect(i);
}

/** Text that takes a green token where one of three is. */
function markedBy(key: Key, n: number): Uint32Array {
  const scheme = bindScheme(profile, key, kernel);
  const tries = randomTokens(4 * n, profile.V, 21);
  const out = tries.slice(0, n);
  for (let i = scheme.h; i < n; i++) {
    for (let t = 0; t < 2; t++) {
      const logits = new Float32Array(1);
      scheme.reweight(out.subarray(0, i), logits, out.subarray(i, i + 1));
      if (logits[0]! > 0) break;
      out[i] = tries[n + 3 * i + t]!;
    }
  }
  return out;
}

describe("attribution", () => {
  const options = { effect: 0.3, kernel };

  it("accuses the tenant whose key marked the text, and nobody else", () => {
    const tokens = markedBy(suspect(123).key, 400);
    const result = attribute(profile, [{ tokens }], suspects(500), options);
    expect(result.kind).toBe("accused");
    if (result.kind !== "accused") return;
    expect(result.accused.map(({ name }) => name)).toEqual(["tenant-123"]);
    expect(result.triage.map(({ name }) => name)).toEqual(["tenant-123"]);
    const [{ evidence, log10PAdjusted, keyId }] = result.accused;
    expect(keyId).toBe(suspect(123).key.id);
    expect(log10PAdjusted).toBeCloseTo(evidence.log10P + Math.log10(500), 12);
  });

  it("gives each key the numbers of its own test", () => {
    const tokens = markedBy(suspect(3).key, 300);
    const result = attribute(profile, [{ tokens }], suspects(5), options);
    const scheme = bindScheme(profile, suspect(3).key, kernel);
    const tally = new Tally(scheme);
    tally.add({ tokens });
    expect(result.kind === "accused" && result.accused[0]?.evidence).toEqual(
      evidenceOf(scheme.law, tally.count()),
    );
  });

  it("says none where there is enough text and no mark", () => {
    const result = attribute(
      profile,
      [{ tokens: randomTokens(400, 1000, 4) }],
      suspects(500),
      options,
    );
    expect(result).toMatchObject({ kind: "none", keys: 500, triage: [] });
    expect(result.forecast.power).toBeGreaterThan(0.99);
    expect(result.forecast.smallestShare).toBeLessThan(1);
  });

  it("refuses where a guilty tenant would hardly be found, whatever p is", () => {
    const tokens = markedBy(suspect(3).key, 80);
    const result = attribute(profile, [{ tokens }], suspects(5000), { effect: 0.1, kernel });
    expect(result.kind).toBe("refused");
    if (result.kind !== "refused") return;
    expect(result.power).toBeLessThan(0.5);
    expect(result.forecast.smallestShare).toBeGreaterThan(1);
    expect(result.reason).toMatch(/^with 78 coins and 5000 keys .* below the bound of 0.5$/);
    const bold = { effect: 0.1, kernel, leastPower: 1e-9 };
    expect(attribute(profile, [{ tokens }], suspects(5000), bold).kind).toBe("accused");
  });

  it("refuses an empty text", () => {
    expect(attribute(profile, [], suspects(3), options)).toMatchObject({ kind: "refused" });
  });

  it.each<[string, Partial<{ alpha: number; effect: number; leastPower: number }>, string]>([
    ["alpha", { alpha: 1 }, "alpha must be in (0, 1), got 1"],
    ["effect", { effect: 0 }, "effect must be in [5e-324, 1.7976931348623157e+308], got 0"],
    ["leastPower", { leastPower: 0 }, "leastPower must be in (0, 1), got 0"],
  ])("refuses a wrong %s", (_, wrong, message) => {
    const call = (): unknown => attribute(profile, [], suspects(3), { ...options, ...wrong });
    expect(call).toThrow(new RangeError(message));
  });

  it("refuses to try no key", () => {
    expect(() => attribute(profile, [], [], options)).toThrow(TypeError);
  });
});

describe("false accusations", () => {
  const ALPHA = 0.1;
  const short: Profile = testProfile({ h: 1 });
  const innocents = Array.from({ length: 1000 }, (_, i) => suspect(1e6 + i));

  /** Of so many random texts those of which at least one innocent is accused, tested together in families. */
  function accusedTexts(texts: number, families: readonly (readonly Suspect[])[]): number {
    const options = { alpha: ALPHA, effect: 0.5, leastPower: 1e-6, kernel };
    return [...Array(texts).keys()].filter((t) => {
      const pieces = [{ tokens: randomTokens(120, 1000, 100 + t) }];
      return families.some((keys) => attribute(short, pieces, keys, options).kind === "accused");
    }).length;
  }

  it("of anyone among 1,000 keys happen at most α of the time", () => {
    const accused = accusedTexts(60, [innocents]);
    console.info(`accused of 60 texts: ${accused}, nominal ${ALPHA * 60}`);
    // The exact bound errs once in 10^6 if the rate is at most α.
    expect(clopperPearson(accused, 60, 1 - 2e-6).lower).toBeLessThanOrEqual(ALPHA);
  });

  it("canary: without a correction for the number of keys they are caught", () => {
    const alone = innocents.slice(0, 200).map((innocent) => [innocent]);
    const accused = accusedTexts(12, alone);
    expect(clopperPearson(accused, 12, 1 - 2e-6).lower).toBeGreaterThan(ALPHA);
  });
});
