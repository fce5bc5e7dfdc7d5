import * as z from "zod";
import { integerKey, peerKey } from "../key-forms.js";
import type { Key } from "../keys.js";
import type { Kernel } from "../prf/kernel.js";
import { perTokenListScheme, putSeed32 } from "../per-token-list-scheme.js";
import { unigramSeed } from "../primitives/markllm.js";
import { Pcg64 } from "../primitives/pcg64.js";
import type { Profile } from "../profile.js";
import type { Scheme, SeedArrays, Tokens } from "../types.js";
import { checkStep } from "./checks.js";
import type { SchemeDefinition } from "./scheme-definition.js";

const parameters = z.strictObject({
  gamma: z.number().gt(0).lt(1).describe("The list has trunc(γ V) tokens."),
  delta: z.number().min(0).max(50).describe("Bias on green logits, nats, before temperature."),
});

const keyForm = integerKey({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

/**
 * Unigram (Zhao et al. 2023) and MarkLLM's copy: one list for all contexts. Coins are distinct tokens, at most V, drawn
 * without replacement: the binomial tail is above the hypergeometric one (Hoeffding 1963).
 */
export const unigram: SchemeDefinition = {
  name: "unigram",
  summary: "Unigram: one fixed green list",
  origin: "Unigram-Watermark b96cdb4, MarkLLM 112fa741 and PyPI 0.1.5",
  prfs: ["numpy-pcg64-v1"],
  maxH: 0,
  parameters,
  check({ seeding, V, parameters: given }) {
    const { gamma } = parameters.parse(given);
    if (seeding !== "left") return `seeding must be left, got ${seeding}`;
    return Math.trunc(V * gamma) === 0
      ? `gamma must leave a green token of V = ${V}, got ${gamma}`
      : null;
  },
  bind(profile: Profile, key: Key, kernel: Kernel): Scheme {
    const { gamma, delta } = parameters.parse(profile.parameters);
    const k = Math.trunc(profile.V * gamma);
    const mask = new Uint8Array(profile.V).fill(1, 0, k);
    new Pcg64(BigInt(unigramSeed(peerKey(keyForm, key)))).shuffle(mask);
    const isGreen = (_seeds: SeedArrays, _at: number, token: number): boolean => mask[token] === 1;
    const bits = new Uint32Array((profile.V + 31) >>> 5);
    for (let t = 0; t < profile.V; t++) bits[t >>> 5] |= mask[t] << (t & 31);
    const scheme = perTokenListScheme({
      profile,
      delta,
      p: k / profile.V,
      oneList: { size: profile.V, green: k },
      selfSalt: false,
      stage: "raw-logits",
      weaknesses: [
        {
          name: "one-list",
          message: "a long text has at most V coins, and the list is easily stolen",
        },
      ],
      seed: (_tokens, _end, place) => putSeed32(place, 0),
      isBiased: isGreen,
      isGreen,
    });
    return {
      ...scheme,
      reweight(context: Tokens, logits: Float32Array, ids?: Uint32Array): void {
        if (ids !== undefined) return scheme.reweight(context, logits, ids);
        checkStep(profile, context, { logits, ids });
        kernel.biasBits(bits, delta, logits);
      },
    };
  },
};
