import type { Scheme, Tokens } from "@verdigris/core";
import { PairNumbers } from "../pair-numbers.js";

/** What a suspect answered, one token per context: all that a closed model shows. */
export interface Draws {
  readonly contexts: readonly Tokens[]; // (N)
  readonly tokens: Uint32Array; // (N)
}

/** Windows in one stream of tokens: the seed of pair i is that of position at[i]. */
export interface Layout {
  readonly laid: Tokens;
  readonly at: Uint32Array; // (N)
}

/** Lays the windows of pairs out, overlapping where the pairs' own tokens have no part in their seeds. */
export function layOut(
  { h, seedsLookBack = false }: Pick<Scheme, "h" | "seedsLookBack">,
  draws: Draws,
): Layout {
  return seedsLookBack ? layOverlapping(h, draws.contexts) : layEndToEnd(h, draws);
}

function layEndToEnd(h: number, { contexts, tokens }: Draws): Layout {
  const n = contexts.length;
  const laid = new Uint32Array(n * (h + 1));
  for (let i = 0; i < n; i++) {
    const context = contexts[i];
    const [from, to] = [context.length - h, i * (h + 1)];
    for (let j = 0; j < h; j++) laid[to + j] = context[from + j];
    laid[to + h] = tokens[i];
  }
  return { laid, at: Uint32Array.from({ length: n }, (_, i) => i * (h + 1) + h) };
}

const NONE = -1;

/** Windows in chains: each begins with the last h − 1 tokens of the one before, as windows of one text do. */
function layOverlapping(h: number, contexts: readonly Tokens[]): Layout {
  const n = contexts.length;
  const { begins, ends, runs } = runsOf(h, contexts);
  const waiting = new Int32Array(runs).fill(NONE);
  const next = new Int32Array(n);
  for (let i = n - 1; i >= 0; i--) {
    next[i] = waiting[begins[i]];
    waiting[begins[i]] = i;
  }
  const laid = new Uint32Array(n * Math.max(1, h) + 1);
  const at = new Uint32Array(n);
  let length = 0;
  for (let start = 0; start < n; start++) {
    if (at[start] !== 0) continue;
    const context = contexts[start];
    for (let j = context.length - h; j < context.length; j++) laid[length++] = context[j];
    for (let i = start; i !== NONE;) {
      at[i] = length + 1;
      let follower = waiting[ends[i]];
      while (follower !== NONE && at[follower] !== 0) follower = next[follower];
      waiting[ends[i]] = follower;
      i = follower;
      if (i !== NONE) laid[length++] = contexts[i][contexts[i].length - 1];
    }
  }
  // One more token, whatever it is: seeds are those of positions.
  return { laid: laid.subarray(0, length + 1), at: at.map((place) => place - 1) };
}

/** Numbers of the first and the last h − 1 tokens of each window. (N) */
function runsOf(
  h: number,
  contexts: readonly Tokens[],
): { readonly begins: Uint32Array; readonly ends: Uint32Array; readonly runs: number } {
  const length = Math.max(0, h - 1);
  const capacity = 2 * length * contexts.length;
  const numbers = new PairNumbers(capacity);
  const runFrom = (context: Tokens, from: number): number => {
    let run = 0;
    for (let j = from; j < from + length; j++) run = numbers.of(run, context[j]) + 1;
    return run;
  };
  return {
    begins: Uint32Array.from(contexts, (own) => runFrom(own, own.length - h)),
    ends: Uint32Array.from(contexts, (own) => runFrom(own, own.length - length)),
    runs: capacity + 1,
  };
}
