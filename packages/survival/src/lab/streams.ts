import type { Random } from "@verdigris/core";
import { randomStream } from "../random.js";

/** Which student run a random stream belongs to. */
export interface StudentRunName {
  /** Seed of the study. */
  readonly study: number;
  readonly key: number;
  readonly seed: number;
}

/**
 * The random stream of one purpose. Cells share it at the same key and seed, so that they differ by their setting alone:
 * common random numbers, as paired comparisons want them.
 */
export function streamOf({ study, key, seed }: StudentRunName, purpose: string): Random {
  return randomStream("study", study, key, seed, purpose);
}
