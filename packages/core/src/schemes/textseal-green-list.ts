import * as z from "zod";
import { integerKey, peerKey } from "../key-forms.js";
import type { Key } from "../keys.js";
import { perTokenListScheme, putSeed } from "../per-token-list-scheme.js";
import { word64 } from "../primitives/int64.js";
import { TEXTSEAL_LEVELS, TEXTSEAL_WIDTH, textSealHash } from "../primitives/textseal.js";
import type { Profile } from "../profile.js";
import type { Scheme, SeedArrays } from "../types.js";
import type { SchemeDefinition } from "./scheme-definition.js";

const parameters = z.strictObject({
  gamma: z.number().gt(0).lt(1).describe("Green fraction, up to a multiple of 1/8191."),
  delta: z.number().min(0).max(50).describe("Bias on green logits, nats."),
});

const keyForm = integerKey({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

/** TextSeal 0.0.5's green list: a hash of 8,191 values below γ. */
export const textSealGreenList: SchemeDefinition = {
  name: "textseal-green-list",
  summary: "TextSeal's green list",
  origin: "TextSeal 0.0.5",
  prfs: ["textseal-hash-v1"],
  maxH: TEXTSEAL_WIDTH,
  parameters,
  check({ seeding, h }) {
    if (seeding !== "left") return `seeding must be left, got ${seeding}`;
    return h === 0 ? `h must be from 1 to ${TEXTSEAL_WIDTH}, got 0` : null;
  },
  bind(profile: Profile, key: Key): Scheme {
    const { gamma, delta } = parameters.parse(profile.parameters);
    const hash = textSealHash(peerKey(keyForm, key));
    const window = word64();
    const isGreen = ({ seedLo, seedHi }: SeedArrays, at: number, token: number): boolean => {
      window.lo = seedLo[at];
      window.hi = seedHi[at];
      return Math.fround(hash.level(window, token) / TEXTSEAL_LEVELS) < gamma;
    };
    return perTokenListScheme({
      profile,
      delta,
      p: Math.ceil(gamma * TEXTSEAL_LEVELS) / TEXTSEAL_LEVELS,
      selfSalt: false,
      stage: "warped-logits",
      weaknesses: [
        {
          name: "few-levels",
          message: "a coin has 8,191 values, and consecutive keys are correlated",
        },
      ],
      seed(tokens, end, place): void {
        hash.window(tokens, { start: end - profile.h, end }, window);
        putSeed(place, window);
      },
      isBiased: isGreen,
      isGreen,
    });
  },
};
