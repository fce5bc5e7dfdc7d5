import type { Tokens, Weakness } from "./types.js";

/** How a mark's seed follows from its key, where the key is one whole number. */
export interface KeyedSeed {
  readonly key: bigint;
  /** Tokens the seed is made of, the candidate included if self-salted. */
  readonly width: number;
  readonly selfSalt: boolean;
  /** What names the seed of a window under a key. */
  seedUnder(key: bigint): (window: Tokens) => number | string;
}

/** Weaknesses that show when a seed function is tried: seeds that the key does not reach, and keys that are one. */
export function seedWeaknesses(keyed: KeyedSeed): readonly Weakness[] {
  const { key, width } = keyed;
  const same = (other: bigint, windows: readonly Tokens[]): boolean => {
    const [mine, theirs] = [keyed.seedUnder(key), keyed.seedUnder(other)];
    return windows.every((window) => mine(window) === theirs(window));
  };
  const weaknesses: Weakness[] = [];
  if (same(key + 2n ** 32n, PROBES.map(windowOf(width)))) {
    weaknesses.push({
      name: "key-modulo-2^32",
      message: "only 32 bits of the seed count: keys equal modulo 2^32 embed the same mark",
    });
  }
  const zeros = zerosBefore(keyed);
  if (zeros !== null && same(key + 1n, [zeros]) && same(key + 12_345n, [zeros])) {
    weaknesses.push({
      name: "token-0",
      message: "after token id 0 alone in the window the list is the same for every key",
    });
  }
  return weaknesses;
}

/** Multipliers that make windows of unlike tokens. */
const PROBES: readonly number[] = [17, 59, 2029];

function windowOf(width: number): (probe: number) => Tokens {
  return (probe) => Uint32Array.from({ length: width }, (_, i) => 1 + ((probe * (i + 3)) % 4093));
}

/** A context of zeros, then the candidate if the seed has one; null where the seed has no context. */
function zerosBefore({ width, selfSalt }: KeyedSeed): Tokens | null {
  const window = new Uint32Array(width);
  if (!selfSalt) return width === 0 ? null : window;
  window[width - 1] = 4099;
  return width > 1 ? window : null;
}

/** A window's minimum, over products with the candidate's own hash, is often the candidate's alone. */
export const SELF_ANCHORED: Weakness = {
  name: "self-anchored",
  message:
    "the window's minimum is often the candidate's own: one coin per token recurs in many contexts",
};
