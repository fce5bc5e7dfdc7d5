import * as z from "zod";
import { integerKey, peerKey } from "../key-forms.js";
import type { Key } from "../keys.js";
import type { Kernel } from "../prf/kernel.js";
import { MARKLLM_F_SCHEMES, markLlmF } from "../primitives/markllm.js";
import type { Profile } from "../profile.js";
import { torchListScheme } from "../torch-list-scheme.js";
import type { Scheme } from "../types.js";
import type { SchemeDefinition } from "./scheme-definition.js";

const parameters = z.strictObject({
  gamma: z.number().gt(0).lt(1).describe("The list has trunc(γ V) tokens."),
  delta: z.number().min(0).max(50).describe("Bias on green logits, nats, before temperature."),
  fScheme: z.enum(MARKLLM_F_SCHEMES).describe("`f_scheme`: what of the last tokens counts."),
});

const keyForm = integerKey({ min: 0n, max: 2n ** 63n - 1n });

/** MarkLLM's KGW. Seeding `self` is its window scheme `self`, which embeds with one permutation per token. */
export const markLlmGreenList: SchemeDefinition = {
  name: "markllm-green-list",
  summary: "MarkLLM's green list (KGW)",
  origin: "MarkLLM 112fa741 and PyPI 0.1.5 (torch CPU)",
  prfs: ["torch-mt19937-v1"],
  maxH: 64,
  parameters,
  check({ seeding, h, V, parameters: given }) {
    const { gamma } = parameters.parse(given);
    if (seeding === "min") return "seeding must be left or self, got min";
    if (h === 0) return "h must be from 1 to 64, got 0";
    return Math.trunc(V * gamma) === 0
      ? `gamma must leave a green token of V = ${V}, got ${gamma}`
      : null;
  },
  bind(profile: Profile, key: Key, kernel: Kernel): Scheme {
    const { gamma, delta, fScheme } = parameters.parse(profile.parameters);
    const { V, h } = profile;
    const secret = peerKey(keyForm, key);
    const prf = kernel.torch.permutation(Number(BigInt.asUintN(32, secret)), V).slice();
    const f = markLlmF(fScheme, h, prf);
    const factor = Number(secret % BigInt(V));
    const selfSalt = profile.seeding === "self";
    return torchListScheme(kernel, {
      profile,
      delta,
      k: Math.trunc(V * gamma),
      rule: {
        selfSalt,
        seedAt: selfSalt
          ? (tokens, end) => (f(tokens, end - 1) * prf[tokens[end - 1]]) % V
          : (tokens, end) => (factor * f(tokens, end)) % V,
      },
      weaknesses: [
        {
          name: "at-most-V-lists",
          message: `a key has at most V = ${V} green lists, and some are likelier`,
        },
        ...(2 ** 32 % V === 0
          ? [
              {
                name: "key-modulo-2^32",
                message: "V divides 2^32, and only 32 bits of the key count",
              },
            ]
          : []),
        ...(selfSalt
          ? [{ name: "key-by-order-only", message: "keys enter through one permutation alone" }]
          : []),
      ],
    });
  },
};
