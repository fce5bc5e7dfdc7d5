import type { Profile } from "../profile.js";
import type { Coins, Tokens } from "../types.js";

/** @throws RangeError unless there are h tokens of context and a logit per candidate, or V without candidates */
export function checkStep(
  profile: Profile,
  context: Tokens,
  step: { readonly logits: Float32Array; readonly ids: Uint32Array | undefined },
): void {
  const { h, V } = profile;
  const { logits, ids } = step;
  if (context.length < h) {
    throw new RangeError(`context: expected at least h = ${h} tokens, got ${context.length}`);
  }
  if (ids === undefined ? logits.length !== V : logits.length !== ids.length || ids.length > V) {
    const range =
      ids === undefined ? `V = ${V}` : `one per candidate (${ids.length}, at most V = ${V})`;
    throw new RangeError(`logits: expected ${range}, got ${logits.length}`);
  }
}

/** @throws RangeError unless h ≤ from ≤ T and `out` has room for T − from coins */
export function checkSpan(
  profile: Profile,
  tokens: Tokens,
  span: { readonly from: number; readonly out: Coins },
): void {
  const { from, out } = span;
  if (!(Number.isInteger(from) && from >= profile.h && from <= tokens.length)) {
    throw new RangeError(`from: expected h … T = ${profile.h} … ${tokens.length}, got ${from}`);
  }
  const room = Math.min(out.seedLo.length, out.seedHi.length, out.score.length);
  if (room < tokens.length - from) {
    throw new RangeError(`out: expected room for ${tokens.length - from} coins, got ${room}`);
  }
}
