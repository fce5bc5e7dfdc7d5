import * as z from "zod";
import { choiceScheme } from "../choice-scheme.js";
import { integerKey, peerKey } from "../key-forms.js";
import type { Key } from "../keys.js";
import { productModulo } from "../primitives/markllm.js";
import type { Profile } from "../profile.js";
import { type KeyedSeed, keylessSeeds, seedWeaknesses } from "../seed-weaknesses.js";
import { torchChoiceRule } from "../torch-choice-rule.js";
import type { Scheme, Tokens } from "../types.js";
import type { SchemeDefinition } from "./scheme-definition.js";

const parameters = z.strictObject({});

const keyForm = integerKey({ min: 0n, max: 2n ** 43n });

/** MarkLLM's EXP (after Aaronson 2022): seed = key × (product of the last tokens mod V). */
export const markLlmExp: SchemeDefinition = {
  name: "markllm-exp",
  summary: "MarkLLM's Gumbel mark (EXP)",
  origin: "MarkLLM 112fa741 (torch CPU)",
  prfs: ["torch-mt19937-v1"],
  maxH: 64,
  parameters,
  check({ seeding, h }) {
    if (seeding !== "left") return `seeding must be left, got ${seeding}`;
    return h === 0 ? "h must be from 1 to 64, got 0" : null;
  },
  bind(profile: Profile, key: Key): Scheme {
    const { V, h } = profile;
    const secret = peerKey(keyForm, key);
    const seedUnder =
      (of: bigint) =>
      (tokens: Tokens, end: number): number =>
        Math.imul(
          Number(BigInt.asUintN(32, of)),
          productModulo(tokens, { start: end - h, end }, V),
        ) >>> 0;
    const keyed: KeyedSeed = {
      key: secret,
      width: h,
      selfSalt: false,
      seedUnder: (of) => (window) => seedUnder(of)(window, window.length),
    };
    return choiceScheme({
      profile,
      law: { kind: "exponential" },
      rule: torchChoiceRule(seedUnder(secret)),
      weaknesses: [
        {
          name: "at-most-V-lists",
          message: `a key has at most V = ${V} rows of noise; contexts are unordered`,
        },
        ...seedWeaknesses(keyed),
      ],
      ...keylessSeeds(keyed),
    });
  },
};
