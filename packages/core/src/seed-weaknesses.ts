import type { Scheme, Tokens, Weakness } from "./types.js";

/** How a mark's seed follows from its key, where the key is one whole number. */
export interface KeyedSeed {
  readonly key: bigint;
  /** Tokens the seed is made of, the candidate included if self-salted. */
  readonly width: number;
  readonly selfSalt: boolean;
  /** The seed of a window under a key: its 32 bits, or all 64 as a BigInt. */
  seedUnder(key: bigint): (window: Tokens) => number | bigint;
}

/** Weaknesses that show when a seed function is tried: seeds that the key does not reach, and keys that are one. */
export function seedWeaknesses(keyed: KeyedSeed): readonly Weakness[] {
  const { key, width } = keyed;
  const weaknesses: Weakness[] = [];
  if (isSame(keyed, key + 2n ** 32n, PROBES.map(windowOf(width)))) {
    weaknesses.push({
      name: "key-modulo-2^32",
      message: "only 32 bits of the seed count: keys equal modulo 2^32 embed the same mark",
    });
  }
  const zeros = zerosBefore(keyed);
  if (zeros !== null && isKeyFree(keyed, zeros)) {
    weaknesses.push({
      name: "token-0",
      message:
        "after token id 0 alone in the window the list is the same for every key: not scored there",
    });
  }
  return weaknesses;
}

/** What a number times the key keeps in its low 32 bits if they owe the key nothing; the second after signed rounding. */
const EMPTY_LOW_WORDS: readonly number[] = [0, 0xffff_ffff];

/**
 * The seeds of a mark that its text reaches whatever the key: the one of a window of zeros, if keys agree on it, and
 * with 32-bit seeds those of products whose other factor is divisible by 2^32.
 */
export function keylessSeeds(keyed: KeyedSeed): Pick<Scheme, "isKeyless"> {
  const zeros = new Uint32Array(keyed.width);
  const zero = keyed.seedUnder(keyed.key)(zeros);
  const reached = keyed.width > 0 && isKeyFree(keyed, zeros);
  if (typeof zero === "number") {
    const [a, b] = EMPTY_LOW_WORDS;
    const c = reached ? zero : a;
    return { isKeyless: (lo) => lo === a || lo === b || lo === c };
  }
  if (!reached) return {};
  const [zeroLo, zeroHi] = [Number(BigInt.asUintN(32, zero)), Number(zero >> 32n)];
  return { isKeyless: (lo, hi) => lo === zeroLo && hi === zeroHi };
}

/** Whether a window's seed is the same under other keys. */
function isKeyFree(keyed: KeyedSeed, window: Tokens): boolean {
  return [1n, 12_345n].every((step) => isSame(keyed, keyed.key + step, [window]));
}

function isSame(keyed: KeyedSeed, other: bigint, windows: readonly Tokens[]): boolean {
  const [mine, theirs] = [keyed.seedUnder(keyed.key), keyed.seedUnder(other)];
  return windows.every((window) => mine(window) === theirs(window));
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
