import type { Random, Tokens } from "@verdigris/core";
import type { Text } from "./corpus.js";
import { shuffled } from "./random.js";

/** Tokens of context given to a student: enough for the neural one's window. */
const CONTEXT = 64;

/**
 * Audit contexts: beginnings of held-out texts, each ending in an h-window that no other one ends in, so that every
 * audited position is an independent coin. At most `count`, in random order.
 */
export function auditContexts(
  texts: readonly Text[],
  options: { readonly h: number; readonly count: number; readonly random: Random },
): Tokens[] {
  const { h, count, random } = options;
  const seen = new Set<string>();
  const out: Tokens[] = [];
  for (const { tokens } of shuffled(texts, random)) {
    for (let end = Math.max(h, 1); end < tokens.length && out.length < count; end++) {
      const window = tokens.subarray(end - h, end).join(" ");
      if (seen.has(window)) continue;
      seen.add(window);
      out.push(tokens.subarray(Math.max(0, end - CONTEXT), end));
    }
  }
  return out;
}
