import type { Random, Tokens } from "@verdigris/core";
import type { Text } from "./corpus.js";
import { shuffled } from "./random.js";

/** Tokens of context given to a student: enough for the neural one's window. */
const CONTEXT = 64;

/** Which contexts to audit. */
export interface AuditOptions {
  readonly h: number;
  /** At most so many. */
  readonly count: number;
  readonly random: Random;
  /** Audit only windows that `log` holds at least `served` times: the supervised setting. Any window if 0. */
  readonly served: number;
  /** What the provider served with this mark. */
  readonly log: readonly Text[];
}

/**
 * Audit contexts: beginnings of held-out texts, each ending in an h-window that no other one ends in, so that every
 * audited position is an independent coin. In random order, so that any part is like the whole.
 */
export function auditContexts(texts: readonly Text[], options: AuditOptions): Tokens[] {
  const { h, count, random } = options;
  const wasServed = servedWindows(options);
  const seen = new Set<string>();
  const out: Tokens[] = [];
  for (const { tokens } of shuffled(texts, random)) {
    for (let end = Math.max(h, 1); end < tokens.length && out.length < count; end++) {
      const window = tokens.subarray(end - h, end).join(" ");
      if (seen.has(window) || !wasServed(window)) continue;
      seen.add(window);
      out.push(tokens.subarray(Math.max(0, end - CONTEXT), end));
    }
  }
  return shuffled(out, random);
}

function servedWindows({ h, served, log }: AuditOptions): (window: string) => boolean {
  if (served === 0) return () => true;
  const counts = new Map<string, number>();
  for (const { tokens } of log) {
    for (let end = h; end < tokens.length; end++) {
      const window = tokens.subarray(end - h, end).join(" ");
      counts.set(window, (counts.get(window) ?? 0) + 1);
    }
  }
  return (window) => (counts.get(window) ?? 0) >= served;
}
