import * as z from "zod";
import { choiceScheme } from "../choice-scheme.js";
import { integerKey, peerKey } from "../key-forms.js";
import type { Key } from "../keys.js";
import { putSeed } from "../per-token-list-scheme.js";
import { word64 } from "../primitives/int64.js";
import { TEXTSEAL_LEVELS, TEXTSEAL_WIDTH, textSealHash } from "../primitives/textseal.js";
import type { Profile } from "../profile.js";
import type { Scheme } from "../types.js";
import type { SchemeDefinition } from "./scheme-definition.js";

const parameters = z.strictObject({});

const keyForm = integerKey({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

/** TextSeal 0.0.5's Gumbel mark. Its uniform k/8191, k ≤ 8190, is already rounded down. */
export const textSealGumbel: SchemeDefinition = {
  name: "textseal-gumbel",
  summary: "TextSeal's Gumbel mark",
  origin: "TextSeal 0.0.5",
  prfs: ["textseal-hash-v1"],
  maxH: TEXTSEAL_WIDTH,
  parameters,
  check({ seeding, h }) {
    if (seeding !== "left") return `seeding must be left, got ${seeding}`;
    return h === 0 ? `h must be from 1 to ${TEXTSEAL_WIDTH}, got 0` : null;
  },
  bind(profile: Profile, key: Key): Scheme {
    const hash = textSealHash(peerKey(keyForm, key));
    const window = word64();
    const level = (lo: number, hi: number, token: number): number => {
      window.lo = lo;
      window.hi = hi;
      return hash.level(window, token);
    };
    return choiceScheme({
      profile,
      law: { kind: "exponential" },
      rule: {
        extraSeedWords: 0,
        seed(tokens, end, place): void {
          hash.window(tokens, { start: end - profile.h, end }, window);
          putSeed(place, window);
        },
        uniform: ({ seedLo, seedHi }, at, token) =>
          Math.fround(level(seedLo[at], seedHi[at], token) / TEXTSEAL_LEVELS),
        score: ({ seedLo, seedHi }, at, token) =>
          -Math.log1p(-level(seedLo[at], seedHi[at], token) / TEXTSEAL_LEVELS),
      },
      weaknesses: [
        {
          name: "few-levels",
          message: "a coin has 8,191 values, and consecutive keys are correlated",
        },
      ],
    });
  },
};
