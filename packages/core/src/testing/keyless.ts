import { coinsOf } from "../coins.js";
import type { Scheme, Tokens } from "../types.js";

/** Keys under which a coin that keeps its score is called a constant: at p = ¼ chance does that with probability 3e-8. */
const ENOUGH = 60;
/** Keys tried at most. */
const KEYS = 150;
/** Keys after which a coin that none of them counts is left alone. */
const NEVER_COUNTED = 20;

/** A coin by the last h + 1 tokens, and what it showed. */
interface Trial {
  readonly tokens: Tokens;
  readonly scores: number[];
  skipped: number;
}

/** Of texts of h + 1 tokens or more: those whose last coin is counted, and the same under every key. */
export function constantCoins(
  bound: (key: number) => Scheme,
  texts: readonly Tokens[],
): readonly Tokens[] {
  let open: readonly Trial[] = texts.map((tokens) => ({ tokens, scores: [], skipped: 0 }));
  for (let key = 0; key < KEYS && open.length > 0; key++) {
    const scheme = bound(key);
    open = open.filter((trial) => {
      const { seedLo, seedHi, score } = coinsOf(scheme, trial.tokens, trial.tokens.length - 1);
      if (scheme.isKeyless?.(seedLo[0], seedHi[0]) === true) return ++trial.skipped < NEVER_COUNTED;
      trial.scores.push(score[0]);
      return score[0] === trial.scores[0];
    });
  }
  return open.filter(({ scores }) => scores.length >= ENOUGH).map(({ tokens }) => tokens);
}

/** Windows in which sums, products and minima of ids are likeliest to lose the key, each before a few tokens. */
export function degenerateTexts(h: number, V: number): readonly Tokens[] {
  const powers = Array.from({ length: Math.ceil(Math.log2(V)) }, (_, i) => 2 ** i);
  const ids = [0, 3, ...powers, V - 1].filter((id) => id < V);
  const contexts = ids.flatMap((id) => [
    new Uint32Array(h).fill(id),
    new Uint32Array(h).fill(id, h - 1),
    new Uint32Array(h).fill(id, 0, 1),
  ]);
  const texts = contexts.flatMap((context) =>
    [0, 5, V >>> 1, context.at(-1) ?? 1].map((token) => Uint32Array.of(...context, token)),
  );
  return [...new Map(texts.map((tokens) => [tokens.join(), tokens])).values()];
}
