import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import {
  Key,
  VerdigrisError,
  bindScheme,
  parseProfile,
  parseWith,
  profileJsonSchema,
} from "../src/index.js";
import { testProfile } from "../src/testing/index.js";

describe("a profile", () => {
  it("survives JSON", () => {
    const profile = testProfile({ specialTokens: [0, 1], validFrom: "2026-11-01T00:00:00Z" });
    expect(parseProfile(JSON.parse(JSON.stringify(profile)))).toEqual(profile);
  });

  it.each([
    [{ h: 9 }, /^profile\.h: .*8.*, got 9$/],
    [{ h: 1.5 }, /^profile\.h: .*, got 1\.5$/],
    [{ V: 1 }, /^profile\.V: .*2.*, got 1$/],
    [{ V: 600_000 }, /^profile\.V: .*524288.*, got 600000$/],
    [{ seeding: "right" }, /^profile\.seeding: .*left.*min.*self.*, got "right"$/],
    [{ prf: "philox" }, /^profile\.prf: .*chacha8-v1.*, got "philox"$/],
    [
      { scheme: "red-list" },
      /^profile\.scheme: expected one of green-list, gumbel, .*unigram.*, got "red-list"$/,
    ],
    [{ parameters: { gamma: 0, delta: 2 } }, /^profile\.parameters\.gamma: .*0.*, got 0$/],
    [{ parameters: { gamma: 1, delta: 2 } }, /^profile\.parameters\.gamma: .*1.*, got 1$/],
    [
      { parameters: { gamma: 0.3, delta: 2 } },
      /^profile\.parameters\.gamma: expected k\/256.*, got 0\.3$/,
    ],
    [{ parameters: { gamma: 0.25 } }, /^profile\.parameters\.delta: .*, got nothing$/],
    [{ parameters: { gamma: 0.25, delta: -1 } }, /^profile\.parameters\.delta: .*0.*, got -1$/],
    [{ specialTokens: [1024] }, /^profile\.specialTokens: expected ids below V = 1024, got 1024$/],
    [{ seeding: "min", h: 0 }, /^profile: seeding min needs h from 1 to 8, got 0$/],
    [{ tokenizer: { id: "x", sha256: "abc" } }, /^profile\.tokenizer\.sha256: .*, got "abc"$/],
    [{ tokenizer: { id: "", sha256: "0".repeat(64) } }, /^profile\.tokenizer\.id: .*1.*, got ""$/],
    [{ tokenizer: "x" }, /^profile\.tokenizer: .*object.*, got "x"$/],
    [{ version: 0 }, /^profile\.version: .*1.*, got 0$/],
    [{ version: "1" }, /^profile\.version: .*number.*, got "1"$/],
    [{ h: -1 }, /^profile\.h: .*0.*, got -1$/],
    [{ promptRule: "maybe" }, /^profile\.promptRule: .*exclude-windows.*none.*, got "maybe"$/],
    [{ specialTokens: [0, -1] }, /^profile\.specialTokens\.1: .*0.*, got -1$/],
    [{ specialTokens: 2 }, /^profile\.specialTokens: .*array.*, got 2$/],
    [{ validFrom: "yesterday" }, /^profile\.validFrom: .*datetime.*, got "yesterday"$/],
    [{ validTo: 2026 }, /^profile\.validTo: .*, got 2026$/],
    [{ keyId: "" }, /^profile\.keyId: .*1.*, got ""$/],
    [{ parameters: { gamma: 0.25, delta: 51 } }, /^profile\.parameters\.delta: .*50.*, got 51$/],
    [{ parameters: [] }, /^profile\.parameters: .*, got \[\]$/],
    [{ scheme: "gumbel" }, /^profile\.parameters: .*gamma.*delta.*/],
    [{ h: 65, V: 1 }, /^profile\.V: .*, got 1; profile\.h: .*, got 65$/],
    [{ id: "x".repeat(99) }, /^profile\.id: .*, got "x{76}\.\.\.$/],
    [{ id: "Not An Id" }, /^profile\.id: .*, got "Not An Id"$/],
    [{ extra: 1 }, /^profile: expected no fields but id, version, scheme, .*, keyId, got "extra"$/],
    [{ scheme: "gumbel", parameters: {}, seeding: "self" }, /must be left or min, got self$/],
    [{ scheme: "gumbel", parameters: {}, h: 0 }, /must be from 1 to 8, got 0$/],
  ])("with %j is refused by field, range and what came", (changes, message) => {
    let caught: unknown;
    try {
      parseProfile({ ...testProfile(), ...changes });
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(VerdigrisError);
    expect((caught as VerdigrisError).code).toBe("PROFILE_INVALID");
    expect((caught as VerdigrisError).message).toMatch(message);
  });

  it.each([[null], ["text"], [[]]])("is refused when it is %j", (value) => {
    expect(() => parseProfile(value)).toThrow(/^profile: .*object.*, got /);
  });

  it.each(Object.keys(testProfile()))("is refused without its field %s", (field) => {
    const { [field]: _, ...rest } = testProfile() as Record<string, unknown>;
    expect(() => parseProfile(rest)).toThrow(new RegExp(`^profile\\.${field}: .*, got nothing$`));
  });

  it("is checked when a scheme is bound, too", () => {
    const bind = (): unknown =>
      bindScheme(testProfile({ h: 9 }), Key.fromBytes(new Uint8Array(32)));
    expect(bind).toThrow(/^profile\.h/);
  });

  it("has the published JSON Schema", () => {
    const published = readFileSync(new URL("../profile.schema.json", import.meta.url), "utf8");
    expect(JSON.parse(published)).toEqual(profileJsonSchema());
  });
});

describe("a field that nobody knows", () => {
  const cat = z.strictObject({ kind: z.literal("cat"), lives: z.int().default(9) });
  const dog = z.strictObject({ kind: z.literal("dog"), tricks: z.array(z.string()) });
  const pet = z.discriminatedUnion("kind", [cat, dog]).describe("One of two.");
  const schema = z.strictObject({
    pets: z.array(pet.nullable()).default([]),
    byName: z.record(z.string(), pet).exactOptional(),
    owner: z.strictObject({ name: z.string() }).prefault({ name: "nobody" }),
    nothing: z.strictObject({}).exactOptional(),
  });

  it.each([
    [{ pest: "sk-1" }, 'x: expected no fields but pets, byName, owner, nothing, got "pest"'],
    [{ owner: { name: "me", key: "sk-1" } }, 'x.owner: expected no fields but name, got "key"'],
    [
      { pets: [null, { kind: "cat", tricks: ["sk-1"] }] },
      'x.pets.1: expected no fields but kind, lives, got "tricks"',
    ],
    [
      { byName: { rex: { kind: "dog", tricks: [], lives: 1, age: "sk-1" } } },
      'x.byName.rex: expected no fields but kind, tricks, got "lives", "age"',
    ],
    [{ nothing: { key: "sk-1" } }, 'x.nothing: expected no fields, got "key"'],
    [{ pets: [{ kind: "cow" }] }, "x.pets.0.kind: expected 'cat' | 'dog', got \"cow\""],
  ])("in %j is told with those that there are, without its value", (value, message) => {
    const where = { name: "x", code: "CONFIG_INVALID" } as const;
    expect(() => parseWith(schema, value, where)).toThrow(
      new VerdigrisError("CONFIG_INVALID", message),
    );
  });
});
