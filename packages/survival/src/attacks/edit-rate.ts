import type { Tokens } from "@verdigris/core";
import { distance } from "fastest-levenshtein";

/** Code units that stand for tokens: those below are left alone. */
const FIRST_UNIT = 1;

/** Levenshtein distance of two texts over the length of the longer, in code units: 0 equal, 1 nothing in common. */
export function editRate(before: string, after: string): number {
  return distance(before, after) / Math.max(1, before.length, after.length);
}

/** The same in tokens. @throws RangeError for more than 65,535 distinct tokens */
export function tokenEditRate(before: Tokens, after: Tokens): number {
  const units = new Map<number, string>();
  const spell = (tokens: Tokens): string =>
    Array.from(tokens, (token) => {
      const unit = units.get(token) ?? String.fromCharCode(FIRST_UNIT + units.size);
      units.set(token, unit);
      return unit;
    }).join("");
  const [a, b] = [spell(before), spell(after)];
  if (units.size > 0xffff - FIRST_UNIT)
    throw new RangeError(`tokens: expected at most 65535 distinct ones, got ${units.size}`);
  return editRate(a, b);
}
