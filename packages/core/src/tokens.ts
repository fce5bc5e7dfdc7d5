import type { Tokens } from "./types.js";

/** The tokens of all parts, one after another. */
export function joined(parts: readonly Tokens[]): Uint32Array {
  const out = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
