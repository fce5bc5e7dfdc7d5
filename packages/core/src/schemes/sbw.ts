import * as z from "zod";
import type { TailRule } from "../candidates.js";
import { integerKey, peerKey } from "../key-forms.js";
import type { Key } from "../keys.js";
import { perTokenListScheme, putSeed } from "../per-token-list-scheme.js";
import type { Kernel } from "../prf/kernel.js";
import { type Word64, remainder, toUnsigned, word64 } from "../primitives/int64.js";
import { jenkins } from "../primitives/jenkins.js";
import { HASH_TABLE_SEED, HASH_TABLE_SIZE } from "../primitives/lm-hash.js";
import {
  SBW_PRFS,
  type SbwHash,
  type SbwPrf,
  sbwBelow,
  sbwBits,
  sbwIsGreen,
  sbwSeed,
  sbwShare,
  sbwTorchSeed,
} from "../primitives/sbw.js";
import type { Profile } from "../profile.js";
import { type KeyedSeed, SELF_ANCHORED, keylessSeeds, seedWeaknesses } from "../seed-weaknesses.js";
import { torchListScheme } from "../torch-list-scheme.js";
import type { Scheme, SeedArrays, Tokens } from "../types.js";
import type { SchemeDefinition } from "./scheme-definition.js";

const parameters = z.strictObject({
  gamma: z.number().gt(0).lt(1).describe("Green fraction."),
  delta: z.number().min(0).max(50).describe("Bias on green logits, nats, before temperature."),
  prf: z.enum(SBW_PRFS).describe("Seeding function of the window."),
  hash: z
    .enum(["jenkins", "table"])
    .describe("Hash of a token: Jenkins' or lm-watermarking's table."),
  fused: z
    .boolean()
    .describe("Whether the generator is the fused kernel, which rounds γ otherwise."),
  candidates: z
    .int()
    .min(1)
    .nullable()
    .describe("Self-salted generator: candidates it tries, best first; null for all."),
});

const keyForm = integerKey({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

/**
 * The green list of sbw and vllm-sbw 1.0.0: schemes named `gpu-…` have per-token lists from Philox, the others torch
 * permutations as lm-watermarking. The window is the last h tokens, with `self` seeding also the candidate.
 */
export const sbw: SchemeDefinition = {
  name: "sbw",
  summary: "sbw's green list, per token or by permutation",
  origin: "sbw and vllm-sbw 1.0.0",
  prfs: ["philox4x32-10-sbw-v1", "torch-mt19937-v1"],
  maxH: 64,
  parameters,
  check({ seeding, h, V, prf, parameters: given }) {
    const { gamma, hash } = parameters.parse(given);
    if (seeding === "min") return "seeding must be left or self, got min";
    if (seeding === "left" && h === 0) return "h must be from 1 to 64 with left seeding, got 0";
    if (prf === "torch-mt19937-v1" && hash !== "table") {
      return "hash must be table with torch-mt19937-v1, got jenkins";
    }
    return Math.trunc(V * gamma) === 0
      ? `gamma must leave a green token of V = ${V}, got ${gamma}`
      : null;
  },
  bind(profile: Profile, key: Key, kernel: Kernel): Scheme {
    const { gamma, delta, prf, hash, fused, candidates } = parameters.parse(profile.parameters);
    const selfSalt = profile.seeding === "self";
    const state = word64();
    const secret = peerKey(keyForm, key);
    const hashed = hash === "jenkins" ? byJenkins : byTable(kernel);
    const seed = sbwSeed(prf, secret, hashed);
    const width = selfSalt ? profile.h + 1 : profile.h;
    const seedOf = (tokens: Tokens, end: number): Word64 => {
      seed(tokens, { start: end - width, end }, state);
      return state;
    };
    const known = knownOf({ profile, prf, key: secret, width, hashed });
    const tail: { readonly tail?: TailRule } =
      selfSalt && candidates !== null ? { tail: { kind: "candidates", n: candidates } } : {};
    if (profile.prf === "torch-mt19937-v1") {
      return torchListScheme(kernel, {
        profile,
        delta,
        k: Math.trunc(profile.V * gamma),
        rule: {
          selfSalt,
          seedAt: (tokens, end) => sbwTorchSeed(seedOf(tokens, end)),
        },
        ...known,
        ...tail,
      });
    }
    const at = (seeds: SeedArrays, i: number): { lo: number; hi: number } => ({
      lo: seeds.seedLo[i],
      hi: seeds.seedHi[i],
    });
    const isGreen = (seeds: SeedArrays, i: number, token: number): boolean =>
      sbwIsGreen(sbwBits(at(seeds, i), token), gamma);
    return perTokenListScheme({
      profile,
      delta,
      p: sbwShare(gamma),
      selfSalt,
      stage: "raw-logits",
      ...known,
      seed: (tokens, end, place) => putSeed(place, seedOf(tokens, end)),
      isGreen,
      isBiased:
        selfSalt && !fused
          ? isGreen
          : (seeds, i, token) => sbwBelow(sbwBits(at(seeds, i), token), gamma),
      ...tail,
    });
  },
};

const byJenkins: SbwHash = (value) => jenkins(value.lo);

function byTable(kernel: Kernel): SbwHash {
  const table = kernel.torch.permutation(HASH_TABLE_SEED, HASH_TABLE_SIZE);
  return (value) => table[remainder(value, HASH_TABLE_SIZE)] + 1;
}

interface Seeding {
  readonly profile: Profile;
  readonly prf: SbwPrf;
  readonly key: bigint;
  readonly width: number;
  readonly hashed: SbwHash;
}

/** Known weaknesses and keyless seeds. */
function knownOf({
  profile,
  prf,
  key,
  width,
  hashed,
}: Seeding): Pick<Scheme, "weaknesses" | "isKeyless"> {
  const selfSalt = profile.seeding === "self";
  const out = word64();
  const keyed: KeyedSeed = {
    key,
    width,
    selfSalt,
    seedUnder(other) {
      const seed = sbwSeed(prf, other, hashed);
      return (window) => {
        seed(window, { start: 0, end: width }, out);
        return profile.prf === "torch-mt19937-v1" ? sbwTorchSeed(out) : toUnsigned(out);
      };
    },
  };
  const anchored = selfSalt && prf === "anchored_minhash_prf" ? [SELF_ANCHORED] : [];
  return { weaknesses: [...seedWeaknesses(keyed), ...anchored], ...keylessSeeds(keyed) };
}
