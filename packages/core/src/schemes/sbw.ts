import * as z from "zod";
import type { TailRule } from "../candidates.js";
import { integerKey, peerKey } from "../key-forms.js";
import type { Key } from "../keys.js";
import { perTokenListScheme, putSeed } from "../per-token-list-scheme.js";
import type { Kernel } from "../prf/kernel.js";
import { remainder, word64 } from "../primitives/int64.js";
import { jenkins } from "../primitives/jenkins.js";
import { HASH_TABLE_SEED, HASH_TABLE_SIZE } from "../primitives/lm-hash.js";
import {
  SBW_PRFS,
  type SbwHash,
  type SbwSeed,
  sbwBelow,
  sbwBits,
  sbwIsGreen,
  sbwSeed,
  sbwShare,
  sbwTorchSeed,
} from "../primitives/sbw.js";
import type { Profile } from "../profile.js";
import { torchListScheme } from "../torch-list-scheme.js";
import type { Scheme, SeedArrays, Weakness } from "../types.js";
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
    const seed = sbwSeed(
      prf,
      peerKey(keyForm, key),
      hash === "jenkins" ? byJenkins : byTable(kernel),
    );
    const width = selfSalt ? profile.h + 1 : profile.h;
    const tail: { readonly tail?: TailRule } =
      selfSalt && candidates !== null ? { tail: { kind: "candidates", n: candidates } } : {};
    if (profile.prf === "torch-mt19937-v1") {
      const out = word64();
      return torchListScheme(kernel, {
        profile,
        delta,
        k: Math.trunc(profile.V * gamma),
        rule: {
          selfSalt,
          seedAt(tokens, end) {
            seed(tokens, { start: end - width, end }, out);
            return sbwTorchSeed(out);
          },
        },
        weaknesses: weaknessesOf(selfSalt),
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
      weaknesses: weaknessesOf(selfSalt),
      seed: windowSeeds(seed, width),
      isGreen,
      isBiased:
        selfSalt && !fused
          ? isGreen
          : (seeds, i, token) => sbwBelow(sbwBits(at(seeds, i), token), gamma),
      ...tail,
    });
  },
};

function windowSeeds(
  seed: SbwSeed,
  width: number,
): Parameters<typeof perTokenListScheme>[0]["seed"] {
  const out = word64();
  return (tokens, end, place) => {
    seed(tokens, { start: end - width, end }, out);
    putSeed(place, out);
  };
}

const byJenkins: SbwHash = (value) => jenkins(value.lo);

function byTable(kernel: Kernel): SbwHash {
  const table = kernel.torch.permutation(HASH_TABLE_SEED, HASH_TABLE_SIZE);
  return (value) => table[remainder(value, HASH_TABLE_SIZE)] + 1;
}

function weaknessesOf(selfSalt: boolean): readonly Weakness[] {
  if (!selfSalt) return [];
  return [
    {
      name: "self-anchored",
      message:
        "the window's minimum is often the candidate's own: one coin per token recurs in many contexts",
    },
  ];
}
