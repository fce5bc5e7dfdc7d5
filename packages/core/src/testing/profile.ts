import type { Profile } from "../profile.js";

/** A valid green-list profile over a small vocabulary, for tests. */
export function testProfile(changes: Partial<Profile> = {}): Profile {
  return {
    id: "test",
    version: 1,
    scheme: "green-list",
    parameters: { gamma: 0.25, delta: 2 },
    prf: "chacha8-v1",
    V: 1024,
    tokenizer: { id: "toy", sha256: "0".repeat(64) },
    h: 1,
    seeding: "left",
    promptRule: "exclude-windows",
    specialTokens: [],
    validFrom: null,
    validTo: null,
    keyId: null,
    ...changes,
  };
}
