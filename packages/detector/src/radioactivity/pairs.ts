import {
  type Coins,
  type Scheme,
  type ScoredCoins,
  type SeedArrays,
  type Tokens,
  seedArrays,
} from "@verdigris/core";
import { CoinSet } from "../coin-set.js";
import type { Weighting } from "../weights/weighting.js";
import { type Draws, type Layout, layOut } from "./layout.js";

/** Pairs of contexts and tokens, laid out once to be scored under many keys of one profile. N pairs. */
export class LaidPairs {
  readonly #layout: Layout;
  readonly #seeds: SeedArrays;
  readonly #coins: ScoredCoins;
  readonly #h: number;

  /** `scheme`: under any key. @throws RangeError for a context that is shorter than h */
  constructor(scheme: Scheme, draws: Draws) {
    const { h } = scheme;
    const n = draws.contexts.length;
    draws.contexts.forEach((context, i) => requireWindow(context, h, i));
    this.#h = h;
    this.#layout = layOut(scheme, draws);
    this.#seeds = seedArrays(scheme, this.#layout.laid.length);
    const score = new Float64Array(n);
    this.#coins = { ...seedArrays(scheme, n), token: draws.tokens, n, score };
  }

  /** Their coins under a scheme's key, in their order, repeated ones included; valid until the next call. (N) */
  under(scheme: Scheme): ScoredCoins {
    const { laid, at } = this.#layout;
    const [h, seeds, coins] = [this.#h, this.#seeds, this.#coins];
    if (coins.n === 0) return coins;
    scheme.seeds(laid, h, seeds);
    const gather = (from: Uint32Array, to: Uint32Array): void => {
      for (let i = 0; i < at.length; i++) to[i] = from[at[i] - h];
    };
    gather(seeds.seedLo, coins.seedLo);
    gather(seeds.seedHi, coins.seedHi);
    coins.more?.forEach((words, w) => gather(seeds.more?.[w] ?? words, words));
    scheme.scores(coins, coins.score);
    return coins;
  }
}

/** Coins of many tokens after one context. (K) @throws RangeError for a context that is shorter than h */
export function coinsAfter(scheme: Scheme, context: Tokens, token: Uint32Array): ScoredCoins {
  const { h } = scheme;
  const n = token.length;
  if (scheme.seedsLookBack !== true) {
    const contexts = Array.from<Tokens>({ length: n }).fill(context);
    return new LaidPairs(scheme, { contexts, tokens: token }).under(scheme);
  }
  requireWindow(context, h, 0);
  const window = new Uint32Array(h + 1);
  window.set(context.subarray(context.length - h));
  const one = seedArrays(scheme, 1);
  scheme.seeds(window, h, one);
  const each = ([word]: Uint32Array): Uint32Array => new Uint32Array(n).fill(word);
  const more = one.more?.map(each) ?? [];
  const coins = { seedLo: each(one.seedLo), seedHi: each(one.seedHi), more, token, n };
  const score = new Float64Array(n);
  scheme.scores(coins, score);
  return { ...coins, score };
}

function requireWindow(context: Tokens, h: number, i: number): void {
  if (context.length >= h) return;
  throw new RangeError(`contexts[${i}]: expected at least h = ${h} tokens, got ${context.length}`);
}

/** Scores of the draws, each coin that depends on the key once, and which draws they are. */
export function distinctDraws(
  scheme: Scheme,
  draws: Draws,
): { readonly scores: readonly number[]; readonly indices: readonly number[] } {
  const coins = new LaidPairs(scheme, draws).under(scheme);
  const indices = distinctOf(scheme, coins);
  return { scores: indices.map((i) => coins.score[i]), indices };
}

/** Places of the coins that depend on the key, each once. */
export function distinctOf(scheme: Scheme, { seedLo, seedHi, token, n }: Coins): readonly number[] {
  const seen = new CoinSet("seed-and-token");
  seen.reserve(n);
  const out: number[] = [];
  for (let i = 0; i < n; i++) {
    if (scheme.isKeyless?.(seedLo[i], seedHi[i]) === true) continue;
    if (seen.add(seedLo[i], seedHi[i], token[i])) out.push(i);
  }
  return out;
}

/** What a weighting gives to the token that follows a context: it looks back only, so any token will do. */
export function weightAfter(weighting: Weighting, context: Tokens): number {
  const joined = new Uint32Array(context.length + 1);
  joined.set(context);
  return weighting(joined, context.length)[0];
}
