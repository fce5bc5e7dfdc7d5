import type { Tokens } from "@verdigris/core";
import type { PairCost } from "./cost.js";

/** Key randomness of an EXP mark: n rows of V uniforms in [0, 1). */
export interface ExpKey {
  readonly kind: "exp";
  readonly V: number;
  readonly xi: Float32Array; // (n, V) row-major
}

/** Key randomness of an inverse-transform mark: a permutation and one uniform a row. */
export interface ItsKey {
  readonly kind: "its";
  readonly V: number;
  /** Token → rank. (V) */
  readonly rank: Uint32Array;
  readonly xi: Float64Array; // (n)
  /** What ranks are divided by: V in the authors' library, V − 1 in their demo. */
  readonly scale: number;
}

export type AlignmentKey = ExpKey | ItsKey;

/** Number of rows. */
export function rowsOf(key: AlignmentKey): number {
  return key.kind === "exp" ? key.xi.length / key.V : key.xi.length;
}

/** Costs of a text: ln(1 − ξ) of the token for EXP, |rank/scale − u| for ITS. Small where the mark was followed. */
export function pairCost(key: AlignmentKey, tokens: Tokens): PairCost {
  const { V } = key;
  if (key.kind === "exp") return (i, j) => Math.log1p(-key.xi[j * V + tokens[i]]);
  return (i, j) => Math.abs(key.rank[tokens[i]] / key.scale - key.xi[j]);
}

/** The token a mark picks at a row: argmax ξ^(1/p), or the first in rank order whose cumulative probability reaches u. */
export function pickAt(key: AlignmentKey, row: number, p: Float64Array): number {
  if (key.kind === "exp") {
    let [best, pick] = [-Infinity, 0];
    for (let id = 0; id < p.length; id++) {
      if (p[id] === 0) continue;
      const value = Math.log(key.xi[row * key.V + id]) / p[id];
      if (value > best) [best, pick] = [value, id];
    }
    return pick;
  }
  const byRank = new Uint32Array(key.V);
  key.rank.forEach((rank, id) => (byRank[rank] = id));
  let F = 0;
  for (const id of byRank) {
    F += p[id];
    if (F >= key.xi[row]) return id;
  }
  return byRank[key.V - 1];
}
