/** The green-list profile the speed benchmarks bind. */
export function profileOf({ V, gamma, h, seeding }) {
  return {
    id: "bench",
    version: 1,
    scheme: "green-list",
    parameters: { gamma, delta: 2 },
    prf: "chacha8-v1",
    V,
    tokenizer: { id: "none", sha256: "0".repeat(64) },
    h,
    seeding,
    promptRule: "none",
    specialTokens: [],
    validFrom: null,
    validTo: null,
    keyId: null,
  };
}
