import { type Scheme, type ScoredCoins, type Tokens, seedArrays } from "@verdigris/core";
import { CoinSet } from "../coin-set.js";
import type { Weighting } from "../weights/weighting.js";

/** What a suspect answered, one token per context: all that a closed model shows. */
export interface Draws {
  readonly contexts: readonly Tokens[]; // (N)
  readonly tokens: Uint32Array; // (N)
}

/** Scores of the draws, each coin that depends on the key once, and which draws they are. */
export function distinctDraws(
  scheme: Scheme,
  draws: Draws,
): { readonly scores: readonly number[]; readonly indices: readonly number[] } {
  const { seedLo, seedHi, score } = pairCoins(scheme, draws);
  const seen = new CoinSet("seed-and-token");
  const indices = [...draws.tokens.keys()].filter(
    (i) =>
      scheme.isKeyless?.(seedLo[i], seedHi[i]) !== true &&
      seen.add(seedLo[i], seedHi[i], draws.tokens[i]),
  );
  return { scores: indices.map((i) => score[i]), indices };
}

/** Coins of (context, token) pairs: the windows laid end to end, and every (h+1)-th seed read. (N) */
export function pairCoins(scheme: Scheme, { contexts, tokens }: Draws): ScoredCoins {
  const { h } = scheme;
  const n = contexts.length;
  const laid = new Uint32Array(n * (h + 1));
  for (let i = 0; i < n; i++) {
    const context = contexts[i];
    if (context.length < h) {
      throw new RangeError(
        `contexts[${i}]: expected at least h = ${h} tokens, got ${context.length}`,
      );
    }
    const [from, to] = [context.length - h, i * (h + 1)];
    for (let j = 0; j < h; j++) laid[to + j] = context[from + j];
    laid[to + h] = tokens[i];
  }
  const all = seedArrays(scheme, laid.length);
  if (n > 0) scheme.seeds(laid, h, all);
  const every = (seeds: Uint32Array): Uint32Array => {
    const out = new Uint32Array(n);
    for (let i = 0; i < n; i++) out[i] = seeds[i * (h + 1)];
    return out;
  };
  const seeds = {
    seedLo: every(all.seedLo),
    seedHi: every(all.seedHi),
    more: (all.more ?? []).map(every),
  };
  const coins = { ...seeds, token: tokens, n };
  const score = new Float64Array(n);
  scheme.scores(coins, score);
  return { ...coins, score };
}

/** What a weighting gives to the token that follows a context: it looks back only, so any token will do. */
export function weightAfter(weighting: Weighting, context: Tokens): number {
  const joined = new Uint32Array(context.length + 1);
  joined.set(context);
  return weighting(joined, context.length)[0];
}
