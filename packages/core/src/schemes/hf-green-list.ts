import * as z from "zod";
import { integerKey, peerKey } from "../key-forms.js";
import type { Key } from "../keys.js";
import type { Kernel } from "../prf/kernel.js";
import { HASH_TABLE_SIZE, type WindowSeed, windowSeed } from "../primitives/lm-hash.js";
import { word64 } from "../primitives/int64.js";
import type { Profile } from "../profile.js";
import { type KeyedSeed, SELF_ANCHORED, keylessSeeds, seedWeaknesses } from "../seed-weaknesses.js";
import { type SeedRule, torchListScheme } from "../torch-list-scheme.js";
import type { Scheme, Weakness } from "../types.js";
import type { SchemeDefinition } from "./scheme-definition.js";

const parameters = z.strictObject({
  gamma: z.number().gt(0).lt(1).describe("`greenlist_ratio`: the list has trunc(γ V) tokens."),
  delta: z
    .number()
    .min(-100)
    .max(100)
    .describe("`bias` on green logits, nats, before temperature."),
  contextWidth: z
    .int()
    .min(1)
    .max(64)
    .describe("`context_width`: with left hash only the peer's own n-grams depend on it."),
});

/** Any whole number torch takes as a seed. */
const keyForm = integerKey({ min: -(2n ** 63n), max: 2n ** 64n - 1n });

/** Candidates that self-hash tries per step, best first. */
const CANDIDATES = 40;

/**
 * `WatermarkingConfig` of Hugging Face transformers on the CPU (Kirchenbauer et al. 2023): seeding `left` is `lefthash`,
 * `self` is `selfhash`. Text Generation Inference embeds the first with γ = ½.
 */
export const hfGreenList: SchemeDefinition = {
  name: "hf-green-list",
  summary: "Hugging Face's green list, left hash or self-hash",
  origin: "Hugging Face transformers 4.46–5.23 and Text Generation Inference (CPU)",
  prfs: ["torch-mt19937-v1"],
  maxH: 63,
  parameters,
  check({ seeding, h, V, parameters: given }) {
    const { gamma, contextWidth } = parameters.parse(given);
    if (seeding === "min") return "seeding of Hugging Face's mark must be left or self, got min";
    const width = seeding === "left" ? 1 : contextWidth - 1;
    if (h !== width) return `h must be ${width} with ${seeding} seeding, got ${h}`;
    return Math.trunc(V * gamma) === 0
      ? `gamma must leave a green token of V = ${V}, got ${gamma}`
      : null;
  },
  bind(profile: Profile, key: Key, kernel: Kernel): Scheme {
    const { gamma, delta } = parameters.parse(profile.parameters);
    const hashingKey = peerKey(keyForm, key);
    const selfSalt = profile.seeding === "self";
    const low = Number(BigInt.asUintN(32, hashingKey));
    // Left hash looks nothing up.
    const table = selfSalt ? kernel.torch.permutation(low, HASH_TABLE_SIZE) : new Uint32Array(0);
    const seed = windowSeed(selfSalt ? "anchored_minhash_prf" : "additive_prf", hashingKey, table);
    return torchListScheme(kernel, {
      profile,
      delta,
      k: Math.trunc(profile.V * gamma),
      rule: { selfSalt, seedAt: lastWindow(seed, selfSalt ? profile.h + 1 : 1) },
      ...(selfSalt ? { tail: { kind: "candidates", n: CANDIDATES } as const } : {}),
      weaknesses: weaknessesOf(hashingKey, selfSalt),
      ...(selfSalt ? {} : keylessSeeds(leftHash(hashingKey))),
    });
  },
};

/** The low word of the seed of the last `width` tokens. */
function lastWindow(seed: WindowSeed, width: number): SeedRule["seedAt"] {
  const out = word64();
  return (tokens, end) => {
    seed(tokens, { start: end - width, end }, out);
    return out.lo;
  };
}

function leftHash(key: bigint): KeyedSeed {
  return {
    key,
    width: 1,
    selfSalt: false,
    seedUnder(of) {
      const seedAt = lastWindow(windowSeed("additive_prf", of, new Uint32Array(0)), 1);
      return (window) => seedAt(window, window.length);
    },
  };
}

/** Left hash: as tried. Self-hash: the lowest product decides by all 64 bits, the list by 32 of it. */
function weaknessesOf(hashingKey: bigint, selfSalt: boolean): readonly Weakness[] {
  if (selfSalt) {
    return [{ name: "seed-modulo-2^32", message: "only 32 bits of the seed count" }, SELF_ANCHORED];
  }
  const weaknesses = seedWeaknesses(leftHash(hashingKey));
  if (BigInt.asUintN(32, hashingKey) !== 0n) return weaknesses;
  const message = "with this key the list is the same after every token";
  return [...weaknesses, { name: "key-divisible-by-2^32", message }];
}
