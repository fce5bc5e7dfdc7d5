/** What the laws of schemes are tried on: reproducible keys, tokens and logits, coins, and bounds. */
import { coinsOf } from "../coins.js";
import { Key } from "../keys.js";
import { moments } from "../law.js";
import type { NullLaw, Random, Scheme, Tokens } from "../types.js";

/** A key of the suite's own. */
export function testKey(index: number): Key {
  return Key.fromBytes(new Uint8Array(32)).derive({
    provider: "describeScheme",
    epoch: String(index),
  });
}

/** Reproducible token ids below V, by Park and Miller's generator. */
export function randomTokens(n: number, V: number, seed: number): Tokens {
  const random = lehmer(spread(seed));
  return Uint32Array.from({ length: n }, () => Math.floor(random.next() * V));
}

/** Reproducible logits in [0, 3] nats. */
export function randomLogits(n: number, seed: number): Float32Array {
  const random = lehmer(spread(seed));
  return Float32Array.from({ length: n }, () => 3 * random.next());
}

/** Park and Miller's generator (1988): tests need a fixed sequence, not quality. `seed` from 1 to 2^31 − 2. */
export function lehmer(seed: number): Random {
  let state = seed;
  return {
    next(): number {
      state = (state * 48271) % 2147483647;
      return state / 2147483647;
    },
  };
}

/** A seed per small number, far apart. */
function spread(seed: number): number {
  return seed * 7919 + 1;
}

/** Softmax. */
export function weights(logits: Float32Array): Float64Array {
  const top = logits.reduce((best, logit) => Math.max(best, logit), -Infinity);
  const raw = Float64Array.from(logits, (logit) => Math.exp(logit - top));
  const sum = raw.reduce((total, weight) => total + weight, 0);
  return raw.map((weight) => weight / sum);
}

/** Text of h + n tokens, the last n sampled from nearly flat logits that the scheme reweighted. */
export function write(scheme: Scheme, n: number): Tokens {
  const { V } = scheme.profile;
  const random = lehmer(spread(6));
  const out = randomTokens(scheme.h + n, V, 7);
  for (let i = scheme.h; i < out.length; i++) {
    const logits = randomLogits(V, i);
    scheme.reweight(out.subarray(0, i), logits);
    let u = random.next();
    out[i] = Math.max(
      0,
      weights(logits).findIndex((weight) => (u -= weight) < 0),
    );
  }
  return out;
}

/** Seed and score of the last position. */
export function lastCoin(scheme: Scheme, tokens: Tokens): readonly number[] {
  const { seedLo, seedHi, score } = coinsOf(scheme, tokens, tokens.length - 1);
  return [seedLo[0], seedHi[0], score[0]];
}

/** Scores of a text, each coin once. */
export function distinctScores(scheme: Scheme, tokens: Tokens): readonly number[] {
  const { seedLo, seedHi, score } = coinsOf(scheme, tokens);
  const seen = new Set<string>();
  const out: number[] = [];
  for (let i = 0; i < score.length; i++) {
    const token = scheme.coin === "seed" ? "" : tokens[scheme.h + i];
    const coin = `${seedLo[i]} ${seedHi[i]} ${token}`;
    if (!seen.has(coin)) out.push(score[i]);
    seen.add(coin);
  }
  return out;
}

/** Distance of the scores' mean from the law's, in standard errors; positive if the mean is larger. */
export function deviation(scores: readonly number[], law: NullLaw): number {
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const { mean: expected, variance } = moments(law);
  return (mean - expected) / Math.sqrt(variance / scores.length);
}

/** A binomial(n, p) count is further from np with probability below 1e-9 (Bernstein 1924, both sides). */
export function countBound(n: number, p: number): number {
  const L = Math.log(2 / 1e-9);
  return L / 3 + Math.sqrt((L / 3) ** 2 + 2 * L * n * p * (1 - p));
}
