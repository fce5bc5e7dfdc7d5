import * as z from "zod";
import { type ChoiceRule, choiceScheme } from "../choice-scheme.js";
import { integerKey, peerKey } from "../key-forms.js";
import type { Key } from "../keys.js";
import { type Word64, word64 } from "../primitives/int64.js";
import { vllmDualKeys, vllmPrf, vllmUniform } from "../primitives/vllm-prf.js";
import type { Profile } from "../profile.js";
import type { NullLaw, Scheme, SeedArrays } from "../types.js";
import type { SchemeDefinition } from "./scheme-definition.js";

const parameters = z.strictObject({
  alpha: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe("Dual key: chance that a step uses the second key; null for one key."),
});

const keyForm = integerKey({ min: 0n, max: 2n ** 64n - 1n });

/**
 * vLLM's `gumbel` and `dual_key_gumbel`. With two keys each position scores the mean of both, (1 − α) e_A + α e_B.
 * vLLM also marks and scores the first h tokens, after a padded context; here they are not scored.
 */
export const vllmGumbel: SchemeDefinition = {
  name: "vllm-gumbel",
  summary: "vLLM's Gumbel mark, with one key or two",
  origin: "vLLM 0.33.0",
  prfs: ["philox4x32-10-v1"],
  maxH: 64,
  parameters,
  check({ seeding, h }) {
    if (seeding !== "left") return `seeding of vLLM's mark must be left, got ${seeding}`;
    return h === 0 ? "h must be from 1 to 64, got 0" : null;
  },
  bind(profile: Profile, key: Key): Scheme {
    const { alpha } = parameters.parse(profile.parameters);
    const secret = peerKey(keyForm, key);
    const single = alpha === null || alpha === 0 || alpha === 1;
    const [a, b] = vllmDualKeys(secret);
    const first = alpha === null ? word64(secret) : alpha === 1 ? b : a;
    const law: NullLaw = single
      ? { kind: "exponential" }
      : { kind: "exponentials", means: [Math.max(alpha, 1 - alpha), Math.min(alpha, 1 - alpha)] };
    const rule = single
      ? singleRule(first, profile.h)
      : dualRule({ keys: [a, b], alpha }, profile.h);
    return choiceScheme({ profile, law, rule, weaknesses: [] });
  },
};

function singleRule(key: Word64, width: number): ChoiceRule {
  const prf = vllmPrf(key, width);
  const state = new Uint32Array(4);
  return {
    extraSeedWords: 2,
    seed(tokens, end, { out, at }): void {
      prf.state(tokens, end, state);
      store(state, out, { at, word: 0 });
    },
    uniform: (seeds, at, token) =>
      vllmUniform(prf.word(load(seeds, { at, word: 0 }, state), token)),
    score: (seeds, at, token) => exponential(prf.word(load(seeds, { at, word: 0 }, state), token)),
  };
}

/** Which key a step uses is the engine's own randomness, so embedding alone takes the first. */
function dualRule(
  { keys, alpha }: { readonly keys: readonly [Word64, Word64]; readonly alpha: number },
  width: number,
): ChoiceRule {
  const prfs = keys.map((key) => vllmPrf(key, width));
  const state = new Uint32Array(4);
  const wordOf = (which: 0 | 1, seeds: SeedArrays, at: number, token: number): number =>
    prfs[which].word(load(seeds, { at, word: 4 * which }, state), token);
  return {
    extraSeedWords: 6,
    seed(tokens, end, { out, at }): void {
      prfs.forEach((prf, which) => {
        prf.state(tokens, end, state);
        store(state, out, { at, word: 4 * which });
      });
    },
    uniform: (seeds, at, token) => vllmUniform(wordOf(alpha > 0.5 ? 1 : 0, seeds, at, token)),
    score: (seeds, at, token) =>
      (1 - alpha) * exponential(wordOf(0, seeds, at, token)) +
      alpha * exponential(wordOf(1, seeds, at, token)),
  };
}

/** −ln(1 − u) of the uniform rounded down: vLLM's is above a 24-bit uniform by at most 6e-8. */
function exponential(word: number): number {
  return -Math.log1p(-(word >>> 8) / 2 ** 24);
}

interface Place {
  readonly at: number;
  /** First of four words. */
  readonly word: number;
}

function store(state: Uint32Array, out: SeedArrays, { at, word }: Place): void {
  for (let i = 0; i < 4; i++) column(out, word + i)[at] = state[i];
}

function load(seeds: SeedArrays, { at, word }: Place, state: Uint32Array): Uint32Array {
  for (let i = 0; i < 4; i++) state[i] = column(seeds, word + i)[at];
  return state;
}

/** Word j of the state, structure of arrays. */
function column(seeds: SeedArrays, j: number): Uint32Array {
  if (j < 2) return j === 0 ? seeds.seedLo : seeds.seedHi;
  return (seeds.more as readonly Uint32Array[])[j - 2];
}
