import { coinsOf, seedArrays } from "../coins.js";
import type { Scheme, Tokens } from "../types.js";

/** Positions whose seed is not the least of what the scheme says it hashes there; none where it says nothing. */
export function otherSeeds(scheme: Scheme, tokens: Tokens): readonly number[] {
  const { h, leastHash } = scheme;
  if (leastHash === undefined) return [];
  const { seedLo, seedHi, token } = coinsOf(scheme, tokens);
  const isLeast = (i: number): boolean => {
    const inputs = tokens.slice(i, i + h + (leastHash.withCandidate ? 1 : 0));
    const out = seedArrays(scheme, inputs.length);
    leastHash.hash(inputs, inputs.slice().fill(token[i]), out);
    const hashes = Array.from(out.seedLo, (lo, j) => (BigInt(out.seedHi[j]) << 32n) | BigInt(lo));
    const least = hashes.reduce((a, b) => (b < a ? b : a));
    return least === ((BigInt(seedHi[i]) << 32n) | BigInt(seedLo[i]));
  };
  return [...token.keys()].filter((i) => !isLeast(i));
}

/** Of each position the first one that has its coin. */
export function sharing(scheme: Scheme, tokens: Tokens): readonly number[] {
  const { seedLo, seedHi, token } = coinsOf(scheme, tokens);
  const first = new Map<string, number>();
  return Array.from(token, (id, i) => {
    const coin = `${seedLo[i]} ${seedHi[i]} ${scheme.coin === "seed" ? 0 : id}`;
    if (!first.has(coin)) first.set(coin, i);
    return first.get(coin) ?? i;
  });
}

/** Positions whose seed changes with their own token; none where the scheme does not say that seeds look back. */
export function aheadSeeds(scheme: Scheme, text: Tokens): readonly number[] {
  const { h, seedsLookBack = false } = scheme;
  if (!seedsLookBack) return [];
  const seedOf = (tokens: Tokens): string => {
    const { seedLo, seedHi, more = [] } = coinsOf(scheme, tokens);
    return [seedLo, seedHi, ...more].map(([word]) => word).join(" ");
  };
  return Array.from({ length: 20 }, (_, i) => i).filter((i) => {
    const own = text.slice(i, i + h + 1);
    const other = own.slice();
    other[h] = (other[h] + 1) % scheme.profile.V;
    return seedOf(own) !== seedOf(other);
  });
}
