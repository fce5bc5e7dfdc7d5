import * as z from "zod";
import { createSeeder } from "../contexts.js";
import { growing } from "../growing.js";
import { type Key, keyWords, requireOwnKey } from "../keys.js";
import type { Kernel } from "../prf/kernel.js";
import type { Profile } from "../profile.js";
import type { Coins, Scheme, SeedArrays, Tokens } from "../types.js";
import { checkRoom, checkSpan, checkStep } from "./checks.js";
import type { SchemeDefinition } from "./scheme-definition.js";

const parameters = z.strictObject({
  gamma: z
    .number()
    .gt(0)
    .lt(1)
    .refine((gamma) => Number.isInteger(gamma * 256), "expected k/256 with k in 1…255")
    .describe("Green fraction: each token is green independently with this probability; k/256."),
  delta: z.number().min(0).max(50).describe("Bias on green logits, nats, before temperature."),
});

/**
 * The green list of Kirchenbauer et al. 2023 (Algorithm 2) with independent Bernoulli(γ) membership from a
 * cryptographic PRF, so the null law of distinct coins is exactly binomial.
 */
export const greenList: SchemeDefinition = {
  name: "green-list",
  summary: "Green list: adds δ to the logits of a keyed random fraction γ of the vocabulary",
  origin: "Verdigris",
  prfs: ["chacha8-v1"],
  maxH: 8,
  parameters,
  check: (profile) =>
    profile.seeding === "min" && profile.h === 0 ? "seeding min needs h from 1 to 8, got 0" : null,
  bind(profile: Profile, key: Key, kernel: Kernel): Scheme {
    const { gamma, delta } = parameters.parse(profile.parameters);
    requireOwnKey(key);
    const purpose = `green-list ${profile.id} ${profile.version}`;
    const contextKey = keyWords(key.subkey(`${purpose} context`, 32));
    const rowKey = keyWords(key.subkey(`${purpose} row`, 32));
    const seeder = createSeeder(kernel, contextKey, profile.seeding, profile.h);
    const gamma256 = gamma * 256;
    const bias = Math.fround(delta); // logits are 32 bit, and every path must round alike
    // Made when first needed: detection under thousands of keys never does.
    let everyId: Uint32Array | null = null;
    const scratchFor = growing((n) => ({ ...seedsOf(n), flags: new Float64Array(n) }));

    function reweightCandidates(context: Tokens, logits: Float32Array, ids: Uint32Array): void {
      const { flags, ...scratch } = scratchFor(ids.length);
      seeder.candidates(context, ids, scratch);
      kernel.green(rowKey, { ...scratch, token: ids, n: ids.length }, gamma256, flags);
      for (let i = 0; i < ids.length; i++) if (flags[i] === 1) logits[i] += bias;
    }

    return {
      profile,
      h: profile.h,
      law: { kind: "bernoulli", p: gamma },
      stage: "raw-logits",
      coin: "seed-and-token",
      ...seeder.sharing,
      extraSeedWords: 0,
      weaknesses: [],
      reweight(context: Tokens, logits: Float32Array, ids?: Uint32Array): void {
        checkStep(profile, context, { logits, ids });
        if (ids === undefined && seeder.perCandidate)
          everyId ??= Uint32Array.from({ length: profile.V }, (_, i) => i);
        const candidates = ids ?? everyId;
        if (candidates !== null) reweightCandidates(context, logits, candidates);
        else kernel.biasRow(rowKey, seeder.one(context), gamma256, bias, logits);
      },
      seeds(tokens: Tokens, from: number, out: SeedArrays): void {
        checkSpan(profile, tokens, { from, out });
        seeder.batch(tokens, from, out);
      },
      scores(coins: Coins, out: Float64Array): void {
        checkRoom(out.length, coins.n);
        kernel.green(rowKey, coins, gamma256, out);
      },
    };
  },
};

function seedsOf(n: number): SeedArrays {
  return { seedLo: new Uint32Array(n), seedHi: new Uint32Array(n) };
}
