import type { Tokens } from "@verdigris/core";
import type { TorchGenerator } from "@verdigris/core/primitives";

/** Seeds of resampled keys are below it. */
const MAX_SEED = 100_000n;

/**
 * The permutation test of jthickstun/watermark's library and of MarkLLM's ITSEdit: torch's global generator gives a
 * relabelling of the vocabulary (each on top of the last) and a seed per run; in the library tokens then become their
 * ranks among those that occur. It counts without the observed key, so that p can be 0; sums in float32.
 *
 * @param options.ranked whether tokens become ranks; then `statistic` is told how many there are
 * @param options.statistic smallest alignment cost of tokens under the key of a seed
 */
export function permutationP(
  tokens: Tokens,
  options: {
    readonly V: number;
    readonly observed: number;
    readonly runs: number;
    readonly ranked: boolean;
    readonly global: TorchGenerator;
    readonly statistic: (tokens: Tokens, seed: bigint, few: number) => number;
  },
): number {
  const { V, observed, runs, ranked, global, statistic } = options;
  let relabelled: Tokens = tokens.slice();
  let p = 0;
  for (let run = 0; run < runs; run++) {
    const pi = global.permutation(V);
    const inverse = new Uint32Array(V);
    pi.forEach((id, at) => (inverse[id] = at));
    relabelled = Uint32Array.from(relabelled, (id) => inverse[id]);
    const seed = global.int(0n, MAX_SEED);
    const occurring = ranked ? [...new Set(relabelled)].sort((a, b) => a - b) : [];
    const rank = new Map(occurring.map((id, at) => [id, at]));
    const ids = Uint32Array.from(relabelled, (id) => rank.get(id) ?? id);
    if (statistic(ids, seed, occurring.length) <= observed)
      p = Math.fround(p + Math.fround(1 / runs));
  }
  return p;
}
