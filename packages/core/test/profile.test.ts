import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Key, VerdigrisError, bindScheme, parseProfile, profileJsonSchema } from "../src/index.js";
import { greenProfile } from "./profile-fixture.js";

describe("a profile", () => {
  it("survives JSON", () => {
    const profile = greenProfile({ specialTokens: [0, 1], validFrom: "2026-11-01T00:00:00Z" });
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
      /^profile\.scheme: expected one of green-list, gumbel, got "red-list"$/,
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
    [{ id: "Not An Id" }, /^profile\.id: .*, got "Not An Id"$/],
    [{ extra: 1 }, /^profile: .*extra.*/],
    [{ scheme: "gumbel", parameters: {}, seeding: "self" }, /must be left or min, got self$/],
    [{ scheme: "gumbel", parameters: {}, h: 0 }, /must be from 1 to 8, got 0$/],
  ])("with %j is refused by field, range and what came", (changes, message) => {
    let caught: unknown;
    try {
      parseProfile({ ...greenProfile(), ...changes });
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(VerdigrisError);
    expect((caught as VerdigrisError).code).toBe("PROFILE_INVALID");
    expect((caught as VerdigrisError).message).toMatch(message);
  });

  it("is refused when it is not an object, or lacks a field", () => {
    expect(() => parseProfile(null)).toThrow(/^profile: .*, got null$/);
    const { V: _, ...rest } = greenProfile();
    expect(() => parseProfile(rest)).toThrow(/^profile\.V: .*, got nothing$/);
  });

  it("is checked when a scheme is bound, too", () => {
    const bind = (): unknown =>
      bindScheme(greenProfile({ h: 9 }), Key.fromBytes(new Uint8Array(32)));
    expect(bind).toThrow(/^profile\.h/);
  });

  it("has the published JSON Schema", () => {
    const published = readFileSync(new URL("../profile.schema.json", import.meta.url), "utf8");
    expect(JSON.parse(published)).toEqual(profileJsonSchema());
  });
});
