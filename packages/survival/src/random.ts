import type { Random } from "@verdigris/core";
import seedrandom from "seedrandom";

/** The experiment's generator: one independent, reproducible stream per name. */
export function randomStream(...names: readonly (string | number)[]): Random {
  const next = seedrandom(names.join("/"));
  return { next };
}

/** A whole number in [0, n). */
export function below(random: Random, n: number): number {
  return Math.floor(random.next() * n);
}

/** A shuffled copy (Fisher–Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = below(random, i + 1);
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}
