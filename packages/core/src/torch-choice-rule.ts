import type { ChoiceRule } from "./choice-scheme.js";
import { putSeed32 } from "./per-token-list-scheme.js";
import { Mt19937 } from "./primitives/mt19937.js";
import type { Tokens } from "./types.js";

/**
 * Gumbel noise from `torch.rand(V)` under a 32-bit seed: token t has the t-th float32 of the stream. The draws before it
 * are passed over, so a token costs a 624th of its id in generator steps.
 *
 * @param seedAt low 32 bits of the seed of the context that ends before `end`
 * @param place where in the stream a token's number is
 */
export function torchChoiceRule(
  seedAt: (tokens: Tokens, end: number) => number,
  place: (token: number) => number = (token) => token,
): ChoiceRule {
  const engine = new Mt19937(0);
  const draw = (seed: number, token: number): number => {
    engine.reseed(seed);
    engine.skip(place(token));
    return engine.u32() & 0xff_ffff;
  };
  let row = { seed: -1, values: new Uint32Array(0) };
  /** The stream of one seed up to a place: embedding looks at many tokens of it. */
  const rowDraw = (seed: number, token: number): number => {
    const at = place(token);
    if (row.seed !== seed || row.values.length <= at) {
      engine.reseed(seed);
      const n = Math.max(2 * at, 1024);
      row = { seed, values: Uint32Array.from({ length: n }, () => engine.u32() & 0xff_ffff) };
    }
    return row.values[at];
  };
  return {
    extraSeedWords: 0,
    seed: (tokens, end, to) => putSeed32(to, seedAt(tokens, end)),
    uniform: ({ seedLo }, at, token) => rowDraw(seedLo[at], token) * 2 ** -24,
    score: ({ seedLo }, at, token) => -Math.log1p(-draw(seedLo[at], token) * 2 ** -24),
  };
}
