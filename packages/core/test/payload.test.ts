import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { BLOCK_CODES, blockCode } from "../src/block-codes.js";
import { Key, type Profile, bindScheme, coinsOf, createKernel } from "../src/index.js";
import { describeScheme, testProfile } from "../src/testing/index.js";

/** Made by an independent Python implementation: bench/peers/prf/make_payload.py. */
const vectors = JSON.parse(
  readFileSync(
    new URL("../../../fixtures/vectors/green-list-payload.json", import.meta.url),
    "utf8",
  ),
) as {
  readonly key: string;
  readonly codes: readonly { name: string; n: number; k: number; distance: number }[];
  readonly words: readonly { code: string; payload: number; word: string }[];
  readonly text: readonly number[];
  readonly coins: readonly {
    readonly id: string;
    readonly code: string;
    readonly payload: number;
    readonly seeding: Profile["seeding"];
    readonly h: number;
    readonly gamma256: number;
    readonly index: readonly number[];
    readonly zero: readonly number[];
    readonly one: readonly number[];
    readonly score: readonly number[];
  }[];
};

const kernel = createKernel();

function payloadProfile(parameters: object, changes: Partial<Profile> = {}): Profile {
  const all = { gamma: 0.25, delta: 2, code: "bch-63-16", payload: 0xbeef, ...parameters };
  return testProfile({ scheme: "green-list-payload", parameters: all, ...changes });
}

for (const [parameters, changes] of [
  [{}, { h: 1 }],
  [{ gamma: 0.5, payload: 1 }, { h: 4 }],
  [{ gamma: 77 / 256, code: "bch-127-22", payload: 2 ** 22 - 1 }, { h: 6 }],
  [{ payload: 0 }, { h: 2, seeding: "min" }],
  [
    { code: "bch-63-10", payload: 1023 },
    { h: 2, seeding: "self" },
  ],
] as const) {
  const profile = payloadProfile(parameters, changes);
  const name = `green-list-payload ${JSON.stringify({ ...parameters, ...changes })}`;
  describeScheme({ describe, it, expect }, name, {
    bind: (key) => bindScheme(profile, key, kernel),
  });
}

describe("block codes", () => {
  it("have the words of the independent implementation", () => {
    expect(vectors.codes.map(({ name }) => name)).toEqual(BLOCK_CODES);
    for (const { name, ...shape } of vectors.codes) {
      const { n, k, distance } = blockCode(name);
      expect({ n, k, distance }).toMatchObject({
        n: shape.n,
        k: shape.k,
        distance: shape.distance,
      });
    }
    for (const { code, payload, word } of vectors.words) {
      expect(Array.from(blockCode(code).encode(payload)).join("")).toBe(word);
    }
  });

  it.each(BLOCK_CODES)(
    "%s keeps its words as far apart as it says, and holds the message last",
    (name) => {
      const { n, k, distance, encode } = blockCode(name);
      // A linear code's distance is the least weight of its words: all of them, or a thousand of the lightest messages.
      const payloads = Array.from({ length: Math.min(2 ** k - 1, 2 ** 12 - 1) }, (_, i) => i + 1);
      const weights = payloads.map((payload) => encode(payload).reduce((sum, bit) => sum + bit, 0));
      expect(Math.min(...weights)).toBeGreaterThanOrEqual(distance);
      const bits = encode(5).subarray(n - k);
      expect(Array.from(bits, Number)).toEqual(Array.from({ length: k }, (_, i) => (5 >>> i) & 1));
    },
  );

  it("refuse payloads that do not fit, and names they do not have", () => {
    expect(() => blockCode("bch-63-10").encode(1024)).toThrow(
      "payload: expected a whole number below 2^10, got 1024",
    );
    expect(() => blockCode("bch-63-10").encode(0.5)).toThrow(RangeError);
    expect(() => blockCode("golay")).toThrow(/^code: expected one of bch-63-10, .*, got golay$/);
  });
});

describe("the payload's allocation and lists", () => {
  const text = Uint32Array.from(vectors.text);

  it.each(vectors.coins)(
    "are those of the independent implementation: $id, $code, $payload",
    (wanted) => {
      const { id, code, payload, seeding, h, gamma256 } = wanted;
      const parameters = { gamma: gamma256 / 256, delta: 2, code, payload };
      const profile = payloadProfile(parameters, { id, V: 49_152, seeding, h });
      const scheme = bindScheme(profile, Key.fromText(vectors.key), kernel);
      const coins = coinsOf(scheme, text);
      const out = {
        index: new Uint32Array(coins.n),
        zero: new Float64Array(coins.n),
        one: new Float64Array(coins.n),
      };
      scheme.payload?.read(coins, out);
      expect(Array.from(out.index)).toEqual(wanted.index);
      expect(Array.from(out.zero)).toEqual(wanted.zero);
      expect(Array.from(out.one)).toEqual(wanted.one);
      expect(Array.from(coins.score)).toEqual(wanted.score);
    },
  );

  it("biases a row that lies in the kernel's own memory like any other", () => {
    const profile = payloadProfile({}, { h: 1 });
    const scheme = bindScheme(profile, Key.fromText(vectors.key), kernel);
    for (let token = 0; token < 40; token++) {
      const context = Uint32Array.of(token);
      const foreign = Float32Array.from({ length: profile.V }, (_, i) => Math.fround(i / 7));
      const row = kernel.row(profile.V);
      row.set(foreign);
      scheme.reweight(context, row);
      const result = row.slice();
      scheme.reweight(context, foreign);
      expect(result).toEqual(foreign);
    }
  });

  it.each([
    [{ payload: 65_536 }, /^profile: payload must be below 2\^16 for bch-63-16, got 65536$/],
    [{ payload: -1 }, /^profile\.parameters\.payload: .*0.*, got -1$/],
    [{ gamma: 0.75 }, /^profile\.parameters\.gamma: .*0\.5.*, got 0\.75$/],
    [{ code: "golay" }, /^profile\.parameters\.code: .*bch-63-10.*, got "golay"$/],
  ])("refuse %j", (parameters, message) => {
    expect(() => bindScheme(payloadProfile(parameters), Key.fromText(vectors.key))).toThrow(
      message,
    );
  });
});
