import { seedArrays } from "./coins.js";
import type { Profile } from "./profile.js";
import { checkRoom, checkSpan, checkStep } from "./schemes/checks.js";
import type { Coins, NullLaw, Scheme, SeedArrays, Tokens, Weakness } from "./types.js";

/** How a Gumbel-type mark turns contexts and tokens into uniforms. */
export interface ChoiceRule {
  /** Words of state beyond the first two. */
  readonly extraSeedWords: number;
  /** Writes the seed of the context that ends before `end` to place `at`. */
  seed(tokens: Tokens, end: number, place: { readonly out: SeedArrays; readonly at: number }): void;
  /** The peer's uniform of a token under the seed at place `at`, in (0, 1): embedding picks by it. */
  uniform(seeds: SeedArrays, at: number, token: number): number;
  /** One coin's score: stochastically at most its law under H0. */
  score(seeds: SeedArrays, at: number, token: number): number;
}

/** A mark that picks each token by keyed Gumbel noise. */
export interface Choice {
  readonly profile: Profile;
  readonly law: NullLaw;
  readonly rule: ChoiceRule;
  readonly weaknesses: readonly Weakness[];
  readonly isKeyless?: Scheme["isKeyless"];
}

/**
 * A scheme after Aaronson (2022): the next token is argmax of logit − ln(−ln u), the earliest candidate of equals; the
 * law of the model is kept on average over keys.
 */
export function choiceScheme({ profile, law, rule, weaknesses, isKeyless }: Choice): Scheme {
  const { extraSeedWords } = rule;
  const one = seedArrays({ extraSeedWords }, 1);
  return {
    profile,
    h: profile.h,
    law,
    stage: "warped-logits",
    coin: "seed-and-token",
    coinsDependOnKey: true,
    extraSeedWords,
    weaknesses,
    isKeyless,
    reweight(context: Tokens, logits: Float32Array, ids?: Uint32Array): void {
      checkStep(profile, context, { logits, ids });
      rule.seed(context, context.length, { out: one, at: 0 });
      const pick = argmax(logits, (i) => rule.uniform(one, 0, ids === undefined ? i : ids[i]));
      logits.fill(-Infinity);
      logits[pick] = 0;
    },
    seeds(tokens: Tokens, from: number, out: SeedArrays): void {
      checkSpan(profile, tokens, { from, out });
      for (let t = from; t < tokens.length; t++) rule.seed(tokens, t, { out, at: t - from });
    },
    scores(coins: Coins, out: Float64Array): void {
      checkRoom(out.length, coins.n);
      for (let i = 0; i < coins.n; i++) out[i] = rule.score(coins, i, coins.token[i]);
    },
  };
}

/** Index of the largest logit + Gumbel noise. */
function argmax(logits: Float32Array, uniform: (i: number) => number): number {
  let best = -Infinity;
  let pick = 0;
  for (let i = 0; i < logits.length; i++) {
    if (logits[i] === -Infinity) continue;
    const noisy = logits[i] - Math.log(-Math.log(uniform(i)));
    if (noisy > best) {
      best = noisy;
      pick = i;
    }
  }
  return pick;
}
