import * as z from "zod";
import { integerListKey, peerKey } from "../key-forms.js";
import type { Key } from "../keys.js";
import type { Kernel } from "../prf/kernel.js";
import type { Profile } from "../profile.js";
import { threeBricksRule } from "../three-bricks-rule.js";
import { torchListScheme } from "../torch-list-scheme.js";
import type { Scheme } from "../types.js";
import type { SchemeDefinition } from "./scheme-definition.js";

const parameters = z.strictObject({
  gamma: z.number().gt(0).lt(1).describe("The list has trunc(γ V) tokens."),
  delta: z.number().min(0).max(50).describe("Bias on green logits, nats, before temperature."),
  payload: z.int().min(0).describe("Message: the list is shifted by it. 0 for none."),
});

const keyForm = integerListKey({ min: 0n, max: 2n ** 63n - 1n, length: 2 });

/** three_bricks' Maryland generator with `hash` seeding (Fernandez et al. 2023). The key is `salt_key, seed`. */
export const threeBricksGreenList: SchemeDefinition = {
  name: "three-bricks-green-list",
  summary: "three_bricks' green list, with a payload",
  origin: "three_bricks ee9c7a28 (torch CPU)",
  prfs: ["torch-mt19937-v1"],
  maxH: 64,
  parameters,
  check({ seeding, h, V, parameters: given }) {
    const { gamma, payload } = parameters.parse(given);
    if (seeding !== "left") return `seeding must be left, got ${seeding}`;
    if (h === 0) return "h must be from 1 to 64, got 0";
    if (payload >= V) return `payload must be below V = ${V}, got ${payload}`;
    return Math.trunc(V * gamma) === 0
      ? `gamma must leave a green token of V = ${V}, got ${gamma}`
      : null;
  },
  bind(profile: Profile, key: Key, kernel: Kernel): Scheme {
    const { gamma, delta, payload } = parameters.parse(profile.parameters);
    const { seedAt, ...known } = threeBricksRule(peerKey(keyForm, key), profile);
    return torchListScheme(kernel, {
      profile,
      delta,
      k: Math.trunc(profile.V * gamma),
      shift: payload,
      rule: { selfSalt: false, seedAt },
      ...known,
    });
  },
};
