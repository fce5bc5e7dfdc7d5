import * as z from "zod";
import type { TailRule } from "../candidates.js";
import { integerKey, peerKey } from "../key-forms.js";
import type { Key } from "../keys.js";
import type { Kernel } from "../prf/kernel.js";
import { word64 } from "../primitives/int64.js";
import { HASH_TABLE_SEED, HASH_TABLE_SIZE, LM_PRFS, windowSeed } from "../primitives/lm-hash.js";
import type { Profile } from "../profile.js";
import { type KeyedSeed, SELF_ANCHORED, keylessSeeds, seedWeaknesses } from "../seed-weaknesses.js";
import { type SeedRule, torchListScheme } from "../torch-list-scheme.js";
import type { Scheme } from "../types.js";
import type { SchemeDefinition } from "./scheme-definition.js";

/** How far down the candidates a self-salted embedder goes (`tail_rule`). */
const tailRule = z.enum(["fixed_compute", "fixed_list_length", "fixed_score"]);

const parameters = z.strictObject({
  gamma: z.number().gt(0).lt(1).describe("The list has trunc(γ V) tokens."),
  delta: z.number().min(-100).max(100).describe("Bias on green logits, nats, before temperature."),
  prf: z.enum(LM_PRFS).describe("Seeding function of the window."),
  selectGreenTokens: z
    .boolean()
    .describe("true: the first tokens of the permutation are green; false: the last."),
  tailRule: tailRule.describe("Self-salted embedding: how far down the candidates it goes."),
});

const keyForm = integerKey({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

/** The peer's tail rules: 41 candidates, ten greens, or no logit more than δ below the best. */
function tailOf(rule: z.infer<typeof tailRule>, delta: number): TailRule {
  if (rule === "fixed_compute") return { kind: "candidates", n: 41 };
  return rule === "fixed_score" ? { kind: "score", below: delta } : { kind: "greens", n: 10 };
}

/**
 * The green list of lm-watermarking (Kirchenbauer et al. 2023a, 2023b) with any of its eleven seeding functions. The
 * window is the last h tokens, with `self` seeding also the candidate: `simple_1` is additive_prf with h = 1,
 * `selfhash` anchored_minhash_prf with h = 3 and seeding self.
 */
export const lmWatermarking: SchemeDefinition = {
  name: "lm-watermarking",
  summary: "lm-watermarking's green list, eleven seeding functions, any width",
  origin: "lm-watermarking fb602de (torch CPU)",
  prfs: ["torch-mt19937-v1"],
  maxH: 64,
  parameters,
  check({ seeding, h, V, parameters: given }) {
    const { gamma, prf } = parameters.parse(given);
    if (seeding === "min") return "seeding must be left or self, got min";
    const width = seeding === "self" ? h + 1 : h;
    const least = prf === "minskipgram_prf" ? 2 : 1;
    if (width < least) return `${prf} needs a window of ${least}, got ${width}`;
    return Math.trunc(V * gamma) === 0
      ? `gamma must leave a green token of V = ${V}, got ${gamma}`
      : null;
  },
  bind(profile: Profile, key: Key, kernel: Kernel): Scheme {
    const {
      gamma,
      delta,
      prf,
      selectGreenTokens,
      tailRule: rule,
    } = parameters.parse(profile.parameters);
    const table = kernel.torch.permutation(HASH_TABLE_SEED, HASH_TABLE_SIZE);
    const secret = peerKey(keyForm, key);
    const selfSalt = profile.seeding === "self";
    const width = selfSalt ? profile.h + 1 : profile.h;
    const out = word64();
    const seedUnder = (of: bigint): SeedRule["seedAt"] => {
      const seed = windowSeed(prf, of, table);
      return (tokens, end) => {
        seed(tokens, { start: end - width, end }, out);
        return out.lo;
      };
    };
    const keyed: KeyedSeed = {
      key: secret,
      width,
      selfSalt,
      seedUnder: (of) => (window) => seedUnder(of)(window, window.length),
    };
    return torchListScheme(kernel, {
      profile,
      delta,
      k: Math.trunc(profile.V * gamma),
      last: !selectGreenTokens,
      rule: { selfSalt, seedAt: seedUnder(secret) },
      ...(selfSalt ? { tail: tailOf(rule, delta) } : {}),
      weaknesses: [
        {
          name: "seed-modulo-2^32",
          message: "only 32 bits of the seed count, and most seeding functions use far fewer",
        },
        ...seedWeaknesses(keyed),
        ...(selfSalt && prf === "anchored_minhash_prf" ? [SELF_ANCHORED] : []),
      ],
      ...keylessSeeds(keyed),
    });
  },
};
