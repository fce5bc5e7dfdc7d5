import { type Scheme, type Tokens, coinsOf } from "@verdigris/core";
import { normalLog10Q } from "../statistics/index.js";

/** Green counts as the peers' detectors take them: by n-gram, not by coin. */
export interface NGramCount {
  readonly scored: number;
  readonly green: number;
  /** Greenness of every n-gram in text order, repeated ones included. */
  readonly mask: Uint8Array;
  /** The same of the scored ones. */
  readonly flags: Uint8Array;
}

/**
 * Counts n-grams whose last token is green. The scheme's own window may be shorter than the n-gram.
 * @param n tokens of an n-gram, the scored one included @param distinct each n-gram counts once
 * @throws RangeError for a text shorter than an n-gram
 */
export function countNGrams(
  scheme: Scheme,
  tokens: Tokens,
  { n, distinct }: { readonly n: number; readonly distinct: boolean },
): NGramCount {
  if (tokens.length < n) {
    throw new RangeError(`tokens: expected at least ${n}, got ${tokens.length}`);
  }
  const mask = Uint8Array.from(coinsOf(scheme, tokens, n - 1).score);
  const seen = new Set<string>();
  const flags = mask.filter((_, i) => {
    const gram = tokens.subarray(i, i + n).join();
    if (distinct && seen.has(gram)) return false;
    seen.add(gram);
    return true;
  });
  return { scored: flags.length, green: sumOf(flags), mask, flags };
}

/** (k − γT) / √(Tγ(1 − γ)) with the nominal γ. */
export function zOf(green: number, scored: number, gamma: number): number {
  return (green - gamma * scored) / Math.sqrt(scored * gamma * (1 - gamma));
}

/** Upper normal tail of a z-score. */
export function normalTail(z: number): number {
  return Number.isNaN(z) ? NaN : 10 ** normalLog10Q(z);
}

function sumOf(flags: Uint8Array): number {
  return flags.reduce((sum, flag) => sum + flag, 0);
}
