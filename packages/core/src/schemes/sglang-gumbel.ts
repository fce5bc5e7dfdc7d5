import * as z from "zod";
import { type ChoiceRule, choiceScheme } from "../choice-scheme.js";
import { hexPairKey, hexWordKey, peerKey } from "../key-forms.js";
import type { Key } from "../keys.js";
import { putSeed32 } from "../per-token-list-scheme.js";
import type { Word64 } from "../primitives/int64.js";
import { absorb, finish } from "../primitives/murmur3.js";
import { sglangCoin, sglangUniform } from "../primitives/sglang.js";
import type { Profile } from "../profile.js";
import type { Scheme } from "../types.js";
import type { SchemeDefinition } from "./scheme-definition.js";

const parameters = z.strictObject({
  mixingProbability: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe("Dual key: share of contexts that use the first key; null for one key."),
});

/**
 * SGLang's Gumbel mark on MurmurHash3. With two keys (notation `A,B`, hexadecimal) a keyed coin per context says which
 * one counts, so that the score is a unit exponential all the same. Windows include the prompt's last tokens.
 */
export const sglangGumbel: SchemeDefinition = {
  name: "sglang-gumbel",
  summary: "SGLang's Gumbel mark, with one key or two",
  origin: "SGLang 0.5.23",
  prfs: ["murmur3-x86-32-v1"],
  maxH: 64,
  parameters,
  check({ seeding }) {
    return seeding === "left" ? null : `seeding of SGLang's mark must be left, got ${seeding}`;
  },
  bind(profile: Profile, key: Key): Scheme {
    const { mixingProbability } = parameters.parse(profile.parameters);
    const keys = mixingProbability === null ? [peerKey(hexWordKey, key)] : peerKey(hexPairKey, key);
    return choiceScheme({
      profile,
      law: { kind: "exponential" },
      rule: ruleOf(keys, { h: profile.h, mixing: mixingProbability ?? 1 }),
      weaknesses: [
        {
          name: "context-hash-32",
          message:
            "a context is hashed to 32 bits whatever the key: contexts collide alike under every key",
        },
      ],
    });
  },
};

function ruleOf(
  keys: readonly Word64[],
  { h, mixing }: { readonly h: number; readonly mixing: number },
): ChoiceRule {
  const starts = keys.map(({ lo, hi }) => absorb(absorb(0, lo), hi));
  /** The 32-bit hash of key, context and token; the coin says which key. */
  const hashOf = (context: number, token: number): number => {
    const which =
      keys.length === 1 || sglangCoin(keys, context) < Math.floor(mixing * 2 ** 32) ? 0 : 1;
    return finish(absorb(absorb(starts[which], context), token), 4);
  };
  return {
    extraSeedWords: 0,
    seed(tokens, end, place): void {
      let state = 0;
      for (let i = end - h; i < end; i++) state = absorb(state, tokens[i]);
      putSeed32(place, finish(state, h));
    },
    uniform: ({ seedLo }, at, token) => sglangUniform(hashOf(seedLo[at], token)),
    // Rounded down: SGLang's own uniform is half a step higher.
    score: ({ seedLo }, at, token) => -Math.log1p(-hashOf(seedLo[at], token) / 2 ** 32),
  };
}
