import * as z from "zod";
import { integerKey, peerKey } from "../key-forms.js";
import type { Key } from "../keys.js";
import type { Kernel } from "../prf/kernel.js";
import { perTokenListScheme, putSeed } from "../per-token-list-scheme.js";
import { word64 } from "../primitives/int64.js";
import { TEXTSEAL_LEVELS, TEXTSEAL_WIDTH, textSealHash } from "../primitives/textseal.js";
import type { Profile } from "../profile.js";
import type { Scheme, SeedArrays, Tokens } from "../types.js";
import { checkStep } from "./checks.js";
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
  bind(profile: Profile, key: Key, kernel: Kernel): Scheme {
    const { gamma, delta } = parameters.parse(profile.parameters);
    const hash = textSealHash(peerKey(keyForm, key));
    const window = word64();
    const isGreen = ({ seedLo, seedHi }: SeedArrays, at: number, token: number): boolean => {
      window.lo = seedLo[at];
      window.hi = seedHi[at];
      return isBelow(hash.level(window, token), gamma);
    };
    const scheme = perTokenListScheme({
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
    const [start, top] = [word64(), greenLevels(gamma)];
    return {
      ...scheme,
      reweight(context: Tokens, logits: Float32Array, ids?: Uint32Array): void {
        if (ids !== undefined) return scheme.reweight(context, logits, ids);
        checkStep(profile, context, { logits, ids });
        hash.window(context, { start: context.length - profile.h, end: context.length }, window);
        hash.line(window, start);
        kernel.biasBits(kernel.textSealBits({ start, top }, profile.V), delta, logits);
      },
    };
  },
};

/** Whether a level is green: TextSeal compares in float32. */
function isBelow(level: number, gamma: number): boolean {
  return Math.fround(level / TEXTSEAL_LEVELS) < gamma;
}

/** How many levels, from 0 up, are green. */
function greenLevels(gamma: number): number {
  let top = 0;
  while (top < TEXTSEAL_LEVELS && isBelow(top, gamma)) top++;
  return top;
}
