import * as z from "zod";
import { entropyOf, spikeEntropyOf } from "../entropy.js";
import { integerKey, peerKey } from "../key-forms.js";
import type { Key } from "../keys.js";
import type { Kernel } from "../prf/kernel.js";
import { productModulo } from "../primitives/markllm.js";
import type { Profile } from "../profile.js";
import { type KeyedSeed, keylessSeeds, seedWeaknesses } from "../seed-weaknesses.js";
import { type SeedRule, torchListScheme } from "../torch-list-scheme.js";
import type { ModelWeighting, Scheme, Tokens } from "../types.js";
import type { SchemeDefinition } from "./scheme-definition.js";

const parameters = z.strictObject({
  gamma: z.number().gt(0).lt(1).describe("The list has trunc(γ V) tokens."),
  delta: z.number().min(0).max(50).describe("Bias on green logits, nats, before temperature."),
  entropyThreshold: z
    .number()
    .min(0)
    .nullable()
    .describe(
      "SWEET: Shannon entropy, nats, above which a step is marked; null for EWD, which marks all.",
    ),
});

const keyForm = integerKey({ min: -(2n ** 43n), max: 2n ** 43n });

/**
 * MarkLLM's SWEET (Lee et al. 2024) and EWD (Lu et al. 2024). Their detectors weigh positions by the model's entropy;
 * without the model every position counts alike, which is as valid and finds less.
 */
export const markLlmEntropy: SchemeDefinition = {
  name: "markllm-entropy",
  summary: "MarkLLM's SWEET and EWD: green lists for steps of high entropy",
  origin: "MarkLLM 112fa741 (torch CPU)",
  prfs: ["torch-mt19937-v1"],
  maxH: 64,
  parameters,
  check({ seeding, h, V, parameters: given }) {
    const { gamma } = parameters.parse(given);
    if (seeding !== "left") return `seeding must be left, got ${seeding}`;
    if (h === 0) return "h must be from 1 to 64, got 0";
    return Math.trunc(V * gamma) === 0
      ? `gamma must leave a green token of V = ${V}, got ${gamma}`
      : null;
  },
  bind(profile: Profile, key: Key, kernel: Kernel): Scheme {
    const { gamma, delta, entropyThreshold } = parameters.parse(profile.parameters);
    const { V, h } = profile;
    const secret = peerKey(keyForm, key);
    // Below 2^63 in all: key and product of any vocabulary fit, and only 32 bits of the seed count.
    const seedUnder = (of: bigint): SeedRule["seedAt"] => {
      const low = Number(BigInt.asUintN(32, of));
      return (tokens, end) => {
        const product = productModulo(tokens, { start: end - h, end }, V);
        const seed = Math.imul(low, product) >>> 0;
        return of < 0n && product > 0 ? (seed - 1) >>> 0 : seed;
      };
    };
    const keyed: KeyedSeed = {
      key: secret,
      width: h,
      selfSalt: false,
      seedUnder: (of) => (window) => seedUnder(of)(window, window.length),
    };
    const scheme = torchListScheme(kernel, {
      profile,
      delta,
      k: Math.trunc(V * gamma),
      rule: { selfSalt: false, seedAt: seedUnder(secret) },
      weaknesses: [
        { name: "at-most-V-lists", message: `a key has at most V = ${V} green lists` },
        ...seedWeaknesses(keyed),
      ],
      ...keylessSeeds(keyed),
    });
    if (entropyThreshold === null) return { ...scheme, modelWeighting: ewd(gamma, delta) };
    return {
      ...scheme,
      modelWeighting: sweet(entropyThreshold),
      reweight(context: Tokens, logits: Float32Array, ids?: Uint32Array): void {
        if (entropyOf(logits) > entropyThreshold) scheme.reweight(context, logits, ids);
      },
    };
  },
};

/** SWEET counts the steps that it marks. */
function sweet(threshold: number): ModelWeighting {
  return {
    figure: entropyOf,
    weights: (entropies) => entropies.map((entropy) => (entropy > threshold ? 1 : 0)),
  };
}

/** EWD weighs by spike entropy above the text's least. */
function ewd(gamma: number, delta: number): ModelWeighting {
  const weight = ((1 - gamma) * Math.expm1(delta)) / (1 - gamma + gamma * Math.exp(delta));
  return {
    figure: (logits) => spikeEntropyOf(logits, weight),
    weights(spikes) {
      const least = spikes.reduce((min, spike) => Math.min(min, spike), Infinity);
      return spikes.map((spike) => spike - least);
    },
  };
}
