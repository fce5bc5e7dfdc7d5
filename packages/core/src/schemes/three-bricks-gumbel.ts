import * as z from "zod";
import { choiceScheme } from "../choice-scheme.js";
import { integerListKey, peerKey } from "../key-forms.js";
import type { Key } from "../keys.js";
import type { Profile } from "../profile.js";
import { threeBricksRule } from "../three-bricks-rule.js";
import { torchChoiceRule } from "../torch-choice-rule.js";
import type { Scheme } from "../types.js";
import type { SchemeDefinition } from "./scheme-definition.js";

const parameters = z.strictObject({
  payload: z.int().min(0).describe("Message: the noise is shifted by it. 0 for none."),
});

const keyForm = integerListKey({ min: 0n, max: 2n ** 63n - 1n, length: 2 });

/** three_bricks' OpenAI generator (after Aaronson 2022) with `hash` seeding. The key is `salt_key, seed`. */
export const threeBricksGumbel: SchemeDefinition = {
  name: "three-bricks-gumbel",
  summary: "three_bricks' Gumbel mark, with a payload",
  origin: "three_bricks ee9c7a28 (torch CPU)",
  prfs: ["torch-mt19937-v1"],
  maxH: 64,
  parameters,
  check({ seeding, h, V, parameters: given }) {
    const { payload } = parameters.parse(given);
    if (seeding !== "left") return `seeding must be left, got ${seeding}`;
    if (h === 0) return "h must be from 1 to 64, got 0";
    return payload >= V ? `payload must be below V = ${V}, got ${payload}` : null;
  },
  bind(profile: Profile, key: Key): Scheme {
    const { payload } = parameters.parse(profile.parameters);
    const { V } = profile;
    const { seedAt, ...known } = threeBricksRule(peerKey(keyForm, key), profile);
    return choiceScheme({
      profile,
      law: { kind: "exponential" },
      rule: torchChoiceRule(seedAt, (token) => (token + payload) % V),
      ...known,
    });
  },
};
