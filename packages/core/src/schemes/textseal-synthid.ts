import * as z from "zod";
import { integerKey, peerKey } from "../key-forms.js";
import type { Key } from "../keys.js";
import { type Word64, word64 } from "../primitives/int64.js";
import { layerScore, layerWeights } from "../primitives/layers.js";
import { TEXTSEAL_LEVELS, TEXTSEAL_WIDTH, textSealHash } from "../primitives/textseal.js";
import { createTournament } from "../primitives/tournament.js";
import type { Profile } from "../profile.js";
import type { Coins, Scheme, SeedArrays, Tokens } from "../types.js";
import { checkRoom, checkSpan, checkStep } from "./checks.js";
import type { SchemeDefinition } from "./scheme-definition.js";

const parameters = z.strictObject({
  depth: z.int().min(1).max(32).describe("Layers of the tournament."),
  statistic: z
    .enum(["mean", "weighted-mean"])
    .describe(
      "What a coin scores: its g-values' sum (`synthid`), or one that weighs early layers more.",
    ),
});

const keyForm = integerKey({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

/** A g-value is 1 for levels below half of 8,191: 4,096 of them. */
const ONES = Math.ceil(TEXTSEAL_LEVELS / 2);

/**
 * SynthID's tournament on TextSeal 0.0.5's hash: layer d of token t is the hash of t + d. So neighbouring ids share
 * g-values after one window, and a window counts once, whatever tokens followed it later.
 */
export const textSealSynthId: SchemeDefinition = {
  name: "textseal-synthid",
  summary: "SynthID-Text's tournament on TextSeal's hash",
  origin: "TextSeal 0.0.5",
  prfs: ["textseal-hash-v1"],
  maxH: TEXTSEAL_WIDTH,
  parameters,
  check({ seeding, h }) {
    if (seeding !== "left") return `seeding must be left, got ${seeding}`;
    return h === 0 ? `h must be from 1 to ${TEXTSEAL_WIDTH}, got 0` : null;
  },
  bind(profile: Profile, key: Key): Scheme {
    const { depth, statistic } = parameters.parse(profile.parameters);
    const hash = textSealHash(peerKey(keyForm, key));
    const weights = layerWeights(depth, statistic);
    const score = layerScore(weights);
    const play = createTournament({ depth, leaves: 2 });
    const { h } = profile;
    const window = word64();
    let words = new Uint32Array(0);
    const wordOf = (of: Word64, token: number): number => {
      let word = 0;
      for (let layer = 0; layer < depth; layer++)
        if (hash.level(of, token + layer) < ONES) word |= 1 << layer;
      return word >>> 0;
    };
    return {
      profile,
      h,
      law: { kind: "bits", weights, p: ONES / TEXTSEAL_LEVELS },
      stage: "warped-logits",
      coin: "seed",
      // The key is one more summand of the window's hash.
      coinsDependOnKey: false,
      extraSeedWords: 0,
      weaknesses: [
        {
          name: "few-levels",
          message: "a g-value is one bit of 8,191 values, and consecutive keys are correlated",
        },
        {
          name: "layers-overlap",
          message: "layer d of a token is layer 0 of the id d further: a window counts once",
        },
      ],
      reweight(context: Tokens, logits: Float32Array, ids?: Uint32Array): void {
        checkStep(profile, context, { logits, ids });
        hash.window(context, { start: context.length - h, end: context.length }, window);
        if (words.length < logits.length) words = new Uint32Array(logits.length);
        for (let i = 0; i < logits.length; i++) words[i] = wordOf(window, ids?.[i] ?? i);
        play(logits, words);
      },
      seeds(tokens: Tokens, from: number, out: SeedArrays): void {
        checkSpan(profile, tokens, { from, out });
        for (let t = from; t < tokens.length; t++) {
          hash.window(tokens, { start: t - h, end: t }, window);
          out.seedLo[t - from] = window.lo;
          out.seedHi[t - from] = window.hi;
        }
      },
      scores(coins: Coins, out: Float64Array): void {
        checkRoom(out.length, coins.n);
        for (let i = 0; i < coins.n; i++) {
          window.lo = coins.seedLo[i];
          window.hi = coins.seedHi[i];
          out[i] = score(wordOf(window, coins.token[i]));
        }
      },
    };
  },
};
