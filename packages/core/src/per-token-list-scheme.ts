import { spreadSeed } from "./primitives/int64.js";
import { type TailRule, candidatesOf } from "./candidates.js";
import { seedArrays } from "./coins.js";
import type { Profile } from "./profile.js";
import { checkRoom, checkSpan, checkStep } from "./schemes/checks.js";
import type { Coins, FixedList, NullLaw, Scheme, SeedArrays, Tokens, Weakness } from "./types.js";

/** A green list that says of each token by itself whether it is green, from a 64-bit seed. */
export interface PerTokenList {
  readonly profile: Profile;
  readonly delta: number;
  /** Probability under H0 that a token is green. */
  readonly p: number;
  /** The list, where one of fixed size serves all windows. */
  readonly oneList?: FixedList;
  /** Whether the candidate enters the seed. */
  readonly selfSalt: boolean;
  /** Whether the bias comes after temperature and truncation. */
  readonly stage: Scheme["stage"];
  readonly weaknesses: readonly Weakness[];
  readonly isKeyless?: Scheme["isKeyless"];
  readonly extraSeedWords?: number;
  /** How far down the candidates a self-salted embedder goes. Default: all of them. */
  readonly tail?: TailRule;
  /** Writes the seed of the window that ends before `end` (with the candidate last, if self-salted). */
  seed(tokens: Tokens, end: number, place: { readonly out: SeedArrays; readonly at: number }): void;
  /** Whether the embedder biases a token, and whether the detector counts it: some peers' rules differ by rounding. */
  isBiased(seeds: SeedArrays, at: number, token: number): boolean;
  isGreen(seeds: SeedArrays, at: number, token: number): boolean;
}

/** A green-list scheme with a Bernoulli list: membership is independent of V. */
export function perTokenListScheme(list: PerTokenList): Scheme {
  const { profile, delta, selfSalt, extraSeedWords = 0 } = list;
  const { h } = profile;
  const bias = Math.fround(delta);
  const window = new Uint32Array(h + 1);
  const one = seedArrays({ extraSeedWords }, 1);
  return {
    profile,
    h,
    law: lawOf(list),
    stage: list.stage,
    coin: "seed-and-token",
    coinsDependOnKey: true,
    extraSeedWords,
    weaknesses: list.weaknesses,
    isKeyless: list.isKeyless,
    reweight(context: Tokens, logits: Float32Array, ids?: Uint32Array): void {
      checkStep(profile, context, { logits, ids });
      if (!selfSalt) list.seed(context, context.length, { out: one, at: 0 });
      window.set(context.subarray(context.length - h));
      for (const i of candidatesOf(logits, list.tail)) {
        const token = (window[h] = ids === undefined ? i : ids[i]);
        if (selfSalt) list.seed(window, h + 1, { out: one, at: 0 });
        if (list.isBiased(one, 0, token)) logits[i] += bias;
      }
    },
    seeds(tokens: Tokens, from: number, out: SeedArrays): void {
      checkSpan(profile, tokens, { from, out });
      for (let t = from; t < tokens.length; t++) {
        list.seed(tokens, selfSalt ? t + 1 : t, { out, at: t - from });
      }
    },
    scores(coins: Coins, out: Float64Array): void {
      checkRoom(out.length, coins.n);
      for (let i = 0; i < coins.n; i++) out[i] = list.isGreen(coins, i, coins.token[i]) ? 1 : 0;
    },
  };
}

function lawOf({ p, oneList }: PerTokenList): NullLaw {
  return oneList === undefined ? { kind: "bernoulli", p } : { kind: "bernoulli", p, oneList };
}

/** Writes a 64-bit seed to a place. */
export function putSeed(
  { out, at }: { readonly out: SeedArrays; readonly at: number },
  seed: { readonly lo: number; readonly hi: number },
): void {
  out.seedLo[at] = seed.lo;
  out.seedHi[at] = seed.hi;
}

/** Writes a 32-bit seed, spread over both words. */
export function putSeed32(
  { out, at }: { readonly out: SeedArrays; readonly at: number },
  seed: number,
): void {
  out.seedLo[at] = seed;
  out.seedHi[at] = spreadSeed(seed);
}
