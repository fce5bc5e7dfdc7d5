import type { Word64 } from "./int64.js";
import { murmur3 } from "./murmur3.js";

/** SGLang's uniform of a 32-bit hash. */
export function sglangUniform(hash: number): number {
  return (hash + 0.5) / 2 ** 32;
}

/** The coin of a context under two keys: the first key counts if it is below the mixing probability × 2^32. */
export function sglangCoin([a, b]: readonly Word64[], contextHash: number): number {
  return murmur3([a.lo, a.hi, b.lo, b.hi, contextHash]);
}

/** How SGLang truncates a row before it picks. */
export interface SglangSampling {
  readonly temperature: number;
  /** 2^30 is off. */
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  /** Above it for the likeliest token, the step is left unmarked. */
  readonly maxProbability: number;
}

/** What is left of a row. */
export interface SglangSupport {
  /** Ids by falling probability. (K) */
  readonly ids: Uint32Array;
  /** Renormalised probabilities. (K) */
  readonly p: Float64Array;
  /** Whether the mark decides the token. */
  readonly forced: boolean;
}

/**
 * SGLang's truncation on the CPU: in falling order a token stays if its rank is below `topK`, the mass before it at most
 * `topP`, and its probability at least `minP` of the largest.
 */
export function sglangSupport(logits: ArrayLike<number>, sampling: SglangSampling): SglangSupport {
  const { temperature, topK, topP, minP, maxProbability } = sampling;
  const scaled = Float64Array.from(logits, (logit) => logit / temperature);
  const top = scaled.reduce((best, value) => Math.max(best, value), -Infinity);
  const weights = scaled.map((value) => Math.exp(value - top));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const order = [...weights.keys()].sort((a, b) => weights[b] - weights[a] || a - b);
  const kept: number[] = [];
  let before = 0;
  for (const [rank, id] of order.entries()) {
    const p = weights[id] / total;
    if (rank < topK && before <= topP && p >= (minP * weights[order[0]]) / total) kept.push(id);
    before += p;
  }
  const mass = kept.reduce((sum, id) => sum + weights[id], 0);
  const p = Float64Array.from(kept, (id) => weights[id] / mass);
  return { ids: Uint32Array.from(kept), p, forced: !(p[0] > maxProbability) };
}
