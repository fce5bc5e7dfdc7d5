import type { Profile } from "@verdigris/core";

/** A green-list profile over a small vocabulary. */
export function greenProfile(changes: Partial<Profile> = {}): Profile {
  return {
    id: "test",
    version: 1,
    scheme: "green-list",
    parameters: { gamma: 0.25, delta: 2 },
    prf: "chacha8-v1",
    V: 1000,
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

/** Park and Miller's generator as token ids below V. */
export function randomTokens(n: number, V: number, seed: number): Uint32Array {
  let state = seed;
  return Uint32Array.from({ length: n }, () => {
    state = (state * 48271) % 2147483647;
    return state % V;
  });
}
