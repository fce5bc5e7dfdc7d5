import * as z from "zod";
import { integerKey, peerKey } from "../key-forms.js";
import type { Key } from "../keys.js";
import { perTokenListScheme } from "../per-token-list-scheme.js";
import { word64 } from "../primitives/int64.js";
import { vllmPrf, vllmUniform } from "../primitives/vllm-prf.js";
import type { Profile } from "../profile.js";
import type { Scheme, SeedArrays } from "../types.js";
import type { SchemeDefinition } from "./scheme-definition.js";

const parameters = z.strictObject({
  gamma: z.number().gt(0).lt(1).describe("A token is green if its uniform is below γ, float32."),
  delta: z.number().min(0).max(50).describe("Bias on green logits, nats, after truncation."),
});

const keyForm = integerKey({ min: 0n, max: 2n ** 64n - 1n });

/** vLLM's `red_green`: a Bernoulli green list on its Gumbel PRF (repository snapshot 381f945, not in a release). */
export const vllmRedGreen: SchemeDefinition = {
  name: "vllm-red-green",
  summary: "vLLM's Bernoulli green list",
  origin: "vLLM, repository snapshot 381f945",
  prfs: ["philox4x32-10-v1"],
  maxH: 64,
  parameters,
  check({ seeding, h }) {
    if (seeding !== "left") return `seeding of vLLM's mark must be left, got ${seeding}`;
    return h === 0 ? "h must be from 1 to 64, got 0" : null;
  },
  bind(profile: Profile, key: Key): Scheme {
    const { gamma, delta } = parameters.parse(profile.parameters);
    const prf = vllmPrf(word64(peerKey(keyForm, key)), profile.h);
    const state = new Uint32Array(4);
    const threshold = Math.fround(gamma);
    const isGreen = (seeds: SeedArrays, at: number, token: number): boolean => {
      const [third, fourth] = seeds.more as readonly Uint32Array[];
      state[0] = seeds.seedLo[at];
      state[1] = seeds.seedHi[at];
      state[2] = third[at];
      state[3] = fourth[at];
      return vllmUniform(prf.word(state, token)) < threshold;
    };
    return perTokenListScheme({
      profile,
      delta,
      p: shareBelow(threshold),
      selfSalt: false,
      stage: "warped-logits",
      weaknesses: [],
      extraSeedWords: 2,
      seed(tokens, end, { out, at }): void {
        prf.state(tokens, end, state);
        const [third, fourth] = out.more as readonly Uint32Array[];
        out.seedLo[at] = state[0];
        out.seedHi[at] = state[1];
        third[at] = state[2];
        fourth[at] = state[3];
      },
      isBiased: isGreen,
      isGreen,
    });
  },
};

/** Share of the 2^24 uniforms below a threshold. */
function shareBelow(threshold: number): number {
  let count = Math.floor(threshold * 2 ** 24) + 2;
  while (count > 0 && vllmUniform((count - 1) << 8) >= threshold) count--;
  return count / 2 ** 24;
}
