import type { Random } from "@verdigris/core";

/** Park & Miller's generator (1988): inputs of tests need a fixed sequence, not quality. */
export function lehmer(seed: number): Random {
  let state = seed;
  return {
    next: () => {
      state = (state * 48271) % 2147483647;
      return state / 2147483647;
    },
  };
}
