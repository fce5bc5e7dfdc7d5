import * as z from "zod";
import { choiceScheme } from "../choice-scheme.js";
import { integerKey, peerKey } from "../key-forms.js";
import type { Key } from "../keys.js";
import { productModulo } from "../primitives/markllm.js";
import type { Profile } from "../profile.js";
import { torchChoiceRule } from "../torch-choice-rule.js";
import type { Scheme } from "../types.js";
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
    const low = Number(BigInt.asUintN(32, peerKey(keyForm, key)));
    const rule = torchChoiceRule(
      (tokens, end) => Math.imul(low, productModulo(tokens, { start: end - h, end }, V)) >>> 0,
    );
    return choiceScheme({
      profile,
      law: { kind: "exponential" },
      rule,
      weaknesses: [
        {
          name: "at-most-V-lists",
          message: `a key has at most V = ${V} rows of noise; contexts are unordered`,
        },
        {
          name: "token-0",
          message: "with token id 0 in the context the noise is the same for every key",
        },
      ],
    });
  },
};
