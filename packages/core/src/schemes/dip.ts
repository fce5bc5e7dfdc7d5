import * as z from "zod";
import { peerKey, textOrHexKey } from "../key-forms.js";
import type { Key } from "../keys.js";
import type { Kernel } from "../prf/kernel.js";
import { dipSeed } from "../primitives/markllm.js";
import { spreadSeed } from "../primitives/int64.js";
import { TorchGenerator } from "../primitives/torch.js";
import type { Profile } from "../profile.js";
import type { Coins, Scheme, SeedArrays, Tokens } from "../types.js";
import { checkRoom, checkSpan, checkStep } from "./checks.js";
import type { SchemeDefinition } from "./scheme-definition.js";

const parameters = z.strictObject({
  reweight: z
    .enum(["dip", "delta"])
    .describe("dip: moves mass along a permutation; delta: picks one token."),
  alpha: z.number().min(0).max(0.5).describe("DiP's α; ½ is the γ-reweight."),
  gamma: z
    .number()
    .gt(0)
    .lt(1)
    .describe("Detection: a token counts if its quantile in the permutation is at least γ."),
});

/**
 * DiP (Wu et al. 2023) and the γ- and δ-reweight of Hu et al. 2023 in MarkLLM's arithmetic: unbiased over keys. The
 * quantile test sees DiP and the γ-reweight; the δ-reweight needs the model's law to be detected.
 */
export const dip: SchemeDefinition = {
  name: "dip",
  summary: "DiP, γ- and δ-reweight: unbiased reweighting along a permutation",
  origin: "MarkLLM 112fa741 (torch CPU)",
  prfs: ["torch-mt19937-v1"],
  maxH: 64,
  parameters,
  check({ seeding, h }) {
    if (seeding !== "left") return `seeding must be left, got ${seeding}`;
    return h === 0 ? "h must be from 1 to 64, got 0" : null;
  },
  bind(profile: Profile, key: Key, kernel: Kernel): Scheme {
    const { reweight, alpha, gamma } = parameters.parse(profile.parameters);
    const { V, h } = profile;
    const seedAt = dipSeed(peerKey(textOrHexKey, key), h);
    const generator = new TorchGenerator(0);
    let positions = new Uint32Array(0);
    // Quantile (position + 1)/V ≥ γ, as float64.
    const first = Array.from({ length: V }, (_, i) => i).findIndex((i) => (i + 1) / V >= gamma);

    return {
      profile,
      h,
      law: { kind: "bernoulli", p: (V - first) / V },
      stage: "warped-logits",
      coin: "seed-and-token",
      coinsDependOnKey: true,
      extraSeedWords: 0,
      weaknesses: [],
      reweight(context: Tokens, logits: Float32Array, ids?: Uint32Array): void {
        checkStep(profile, context, { logits, ids });
        const seed = seedAt(context, context.length);
        if (reweight === "delta") {
          generator.reseed(seed);
          pickByQuantile(logits, generator.f32());
        } else {
          const order = kernel.torch.permutation(seed, V);
          moveMass(logits, { order, ids, alpha });
        }
      },
      seeds(tokens: Tokens, from: number, out: SeedArrays): void {
        checkSpan(profile, tokens, { from, out });
        for (let t = from; t < tokens.length; t++) {
          const seed = seedAt(tokens, t);
          out.seedLo[t - from] = seed;
          out.seedHi[t - from] = spreadSeed(seed);
        }
      },
      scores(coins: Coins, out: Float64Array): void {
        checkRoom(out.length, coins.n);
        if (positions.length < coins.n) positions = new Uint32Array(coins.n);
        kernel.torch.positions(coins, V, positions);
        for (let i = 0; i < coins.n; i++) out[i] = positions[i] >= first ? 1 : 0;
      },
    };
  },
};

/**
 * F → max(F − α, 0) + max(F − (1 − α), 0) along a permutation; a logit moves by the logarithm of its token's ratio, so
 * that it is 0 where the mass doubles, as in MarkLLM.
 */
function moveMass(
  logits: Float32Array,
  {
    order,
    ids,
    alpha,
  }: { readonly order: Uint32Array; readonly ids: Uint32Array | undefined; readonly alpha: number },
): void {
  const p = softmax(logits);
  const place = new Int32Array(order.length).fill(-1);
  p.forEach((_, i) => (place[ids === undefined ? i : ids[i]] = i));
  const moved = (F: number): number => Math.max(F - alpha, 0) + Math.max(F - (1 - alpha), 0);
  let F = 0;
  for (const id of order) {
    const i = place[id];
    if (i < 0) continue;
    const next = F + p[i];
    const q = moved(next) - moved(F);
    logits[i] = q <= 0 ? -Infinity : logits[i] + Math.log(q / (2 * p[i]));
    F = next;
  }
}

/** All weight on the token whose interval of the cumulative law holds u. */
function pickByQuantile(logits: Float32Array, u: number): void {
  const p = softmax(logits);
  let F = 0;
  let pick = p.length - 1;
  for (let i = 0; i < p.length; i++) {
    F += p[i];
    if (u < F) {
      pick = i;
      break;
    }
  }
  logits.fill(-Infinity);
  logits[pick] = 0;
}

function softmax(logits: Float32Array): Float64Array {
  const top = logits.reduce((best, logit) => Math.max(best, logit), -Infinity);
  const weights = Float64Array.from(logits, (logit) => Math.exp(logit - top));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
