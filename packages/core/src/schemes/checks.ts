import type { Profile } from "../profile.js";
import type { SeedArrays, Tokens } from "../types.js";

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

/** @throws RangeError unless h ≤ from ≤ T and `out` has room for T − from seeds */
export function checkSpan(
  profile: Profile,
  tokens: Tokens,
  span: { readonly from: number; readonly out: SeedArrays },
): void {
  const { from, out } = span;
  if (!(Number.isInteger(from) && from >= profile.h && from <= tokens.length)) {
    throw new RangeError(`from: expected h … T = ${profile.h} … ${tokens.length}, got ${from}`);
  }
  checkRoom(Math.min(out.seedLo.length, out.seedHi.length), tokens.length - from);
}

/** @throws RangeError unless an output has room for n coins */
export function checkRoom(room: number, n: number): void {
  if (room < n) throw new RangeError(`out: expected room for ${n} coins, got ${room}`);
}
