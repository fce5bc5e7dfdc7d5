import { readFileSync } from "node:fs";
import {
  Key,
  type Profile,
  bindScheme,
  coinsOf,
  createKernel,
  parseProfile,
} from "@verdigris/core";
import { randomTokens, testProfile } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import { binomialLog10P, decoyKey, detect, detectPayload } from "../src/index.js";
import { decode } from "../src/payload/decode.js";

const kernel = createKernel();
const key = Key.fromBytes(new Uint8Array(32).fill(4));

function coded(parameters: object): Profile {
  const all = { gamma: 0.25, delta: 2, code: "bch-63-10", payload: 0, ...parameters };
  return testProfile({ h: 2, scheme: "green-list-payload", parameters: all });
}

/** Text of which every token is the likeliest of four after the mark has had its say. */
function written(profile: Profile, n: number): Uint32Array {
  const scheme = bindScheme(profile, key, kernel);
  const tries = randomTokens(4 * n, profile.V, 31);
  const out = tries.slice(0, n);
  for (let i = scheme.h; i < n; i++) {
    const ids = tries.subarray(4 * i, 4 * i + 4);
    const logits = new Float32Array([0.9, 0.6, 0.3, 0]);
    scheme.reweight(out.subarray(0, i), logits, ids);
    out[i] = ids[logits.indexOf(Math.max(...logits))];
  }
  return out;
}

describe("a payload in code", () => {
  it.each([
    ["bch-63-10", 777, 150],
    ["bch-63-16", 0xbeef, 200],
    ["bch-127-22", 2_800_000, 250],
  ])("of %s is read from a text, with confidence in every bit: %s", (code, payload, n) => {
    const tokens = written(coded({ code, payload }), n);
    const found = detectPayload(coded({ code }), key, [{ tokens }], { kernel });
    expect(found.payload).toBe(payload);
    expect(found.log10P).toBeLessThan(-6);
    expect(found.coded?.posterior).toBeGreaterThan(0.999);
    found.coded?.bits.forEach((one, i) => {
      expect((payload >>> i) & 1 ? one : 1 - one).toBeGreaterThan(0.999);
    });
    expect(found.coded?.log10E).toBeGreaterThan(6);
  });

  it("is the one that the exact test of this payload finds, and whose test sees others by half", () => {
    const tokens = written(coded({ payload: 300 }), 150);
    const found = detectPayload(coded({ payload: 5 }), key, [{ tokens }], { kernel });
    const own = detect(coded({ payload: 300 }), key, [{ tokens }], { decoys: 0, kernel });
    expect(found.evidence).toEqual(own.evidence);
    const other = detect(coded({ payload: 5 }), key, [{ tokens }], { decoys: 0, kernel });
    expect(other.evidence.log10P).toBeGreaterThan(own.evidence.log10P / 3);
  });

  it("is uncertain on text without a mark", () => {
    const found = detectPayload(coded({}), key, [{ tokens: randomTokens(200, 1024, 3) }], {
      kernel,
    });
    expect(found.log10P).toBeGreaterThan(-2);
    expect(found.coded?.posterior).toBeLessThan(0.2);
  });

  it("of no text at all is anybody's guess", () => {
    const found = detectPayload(coded({}), key, [], { kernel });
    expect(found).toMatchObject({
      payload: 0,
      log10P: 0,
      coded: { posterior: 2 ** -10, log10E: 0 },
    });
    expect(found.coded?.bits.every((one) => one === 0.5)).toBe(true);
  });

  it("of a long text is certain, not lost among ratios of a thousand decades", () => {
    const tokens = written(coded({ payload: 600 }), 3000);
    const found = detectPayload(coded({}), key, [{ tokens }], { kernel });
    expect(found).toMatchObject({ payload: 600, coded: { posterior: 1 } });
    expect(found.coded?.bits.every((one) => one < 1e-9 || one > 1 - 1e-9)).toBe(true);
    // An e-value can be no larger than 1/p allows, and of a long text comes close to it.
    expect(found.coded?.log10E).toBeGreaterThan(100);
    expect(found.coded?.log10E).toBeLessThan(-found.evidence.log10P);
  });

  it("has the probabilities of Bayes' rule over all payloads", () => {
    const profile = coded({ payload: 600 });
    const scheme = bindScheme(profile, key, kernel);
    const code = scheme.payload?.code;
    if (code === undefined) throw new Error("the scheme has no payload");
    const coins = coinsOf(scheme, written(profile, 40));
    const index = new Uint32Array(coins.n);
    const [zero, one] = [new Float64Array(coins.n), new Float64Array(coins.n)];
    scheme.payload?.read(coins, { index, zero, one });
    const hits = { n: coins.n, zero: new Uint32Array(code.n), one: new Uint32Array(code.n) };
    index.forEach((j, i) => {
      hits.zero[j] += zero[i];
      hits.one[j] += one[i];
    });
    const strengths = Array.from({ length: 12 }, (_, i) => 0.125 * Math.SQRT2 ** i);
    const ratios = Array.from({ length: 1024 }, (_, payload) => {
      const word = code.encode(payload);
      const matches = index.reduce((sum, j, i) => sum + (word[j] === 1 ? one[i] : zero[i]), 0);
      const each = strengths.map(
        (b) => Math.exp(b * matches) / (1 + 0.25 * Math.expm1(b)) ** coins.n,
      );
      return each.reduce((sum, ratio) => sum + ratio, 0) / 12;
    });
    const total = ratios.reduce((sum, ratio) => sum + ratio, 0);
    const result = decode(code, hits, 0.25);
    expect(result.posterior).toBeCloseTo(Math.max(...ratios) / total, 12);
    expect(result.payload).toBe(ratios.indexOf(Math.max(...ratios)));
    expect(result.log10E).toBeCloseTo(Math.log10(total / 1024), 12);
    result.bits.forEach((p, bit) => {
      const ones = ratios.filter((_, payload) => ((payload >>> bit) & 1) === 1);
      expect(p).toBeCloseTo(ones.reduce((sum, ratio) => sum + ratio, 0) / total, 12);
    });
  });

  it("is claimed on independent text α of the time, whatever is said of payloads; canary: the best one's own p", () => {
    const keys = 1000;
    const tokens = randomTokens(120, 60, 6);
    const found = Array.from({ length: keys }, (_, i) =>
      detectPayload(coded({}), decoyKey(i), [{ tokens }], { kernel }),
    );
    const alarms = (of: (each: (typeof found)[number]) => boolean): number =>
      found.filter(of).length;
    const byP = alarms(({ log10P }) => log10P <= Math.log10(0.05));
    const byE = alarms(({ coded: c }) => (c?.log10E ?? 0) >= Math.log10(20));
    const canary = alarms(({ evidence }) => evidence.log10P <= Math.log10(0.05));
    expect(binomialLog10P(byP, keys, 0.05)).toBeGreaterThan(-9);
    expect(binomialLog10P(byE, keys, 0.05)).toBeGreaterThan(-9);
    expect(canary).toBeGreaterThan(1.3 * 0.05 * keys);
    expect(binomialLog10P(canary, keys, 0.05)).toBeLessThan(-9);
  });
});

describe("a payload in a shift of the list", () => {
  const file = new URL("../../../fixtures/profiles/three-bricks-maryland.json", import.meta.url);
  const profile: Profile = {
    ...parseProfile(JSON.parse(readFileSync(file, "utf8"))),
    V: 1024,
    specialTokens: [],
  };

  it("is found among the payloads tried, and none of them is claimed for free", () => {
    const tokens = written({ ...profile, parameters: { ...profile.parameters, payload: 6 } }, 120);
    const found = detectPayload(profile, key, [{ tokens }], { payloads: 8, kernel });
    expect(found.payload).toBe(6);
    expect(found.coded).toBeNull();
    expect(found.log10P).toBeCloseTo(found.evidence.log10P + Math.log10(8), 12);
  });

  it.each([[undefined], [0], [1.5]])("needs the number of payloads, not %s", (payloads) => {
    const run = (): unknown =>
      detectPayload(profile, key, [], payloads === undefined ? {} : { payloads });
    expect(run).toThrow(
      /^payloads: expected a whole number from 1, as this mark has no code to decode, got/,
    );
  });
});
