import { LM_PRFS, type LmPrf } from "./lm-hash.js";

/** What a scheme string of lm-watermarking says. */
export interface SeedingScheme {
  readonly prf: LmPrf;
  /** Tokens the function sees, the candidate included if self-salted. */
  readonly width: number;
  readonly selfSalt: boolean;
  /** The key, where the string has one. */
  readonly key: bigint | null;
}

const NAMED: Readonly<Record<string, readonly [LmPrf, number, boolean]>> = {
  simple_1: ["additive_prf", 1, false],
  lefthash: ["additive_prf", 1, false],
  "algorithm-3": ["anchored_minhash_prf", 4, true],
  selfhash: ["anchored_minhash_prf", 4, true],
  minhash: ["minhash_prf", 4, false],
  skipgram: ["skipgram_prf", 5, false],
};

/** Reads a named scheme or `ff-<prf>-<width>-<True|False>[-<key>]`; null if it is neither. */
export function parseSeedingScheme(text: string): SeedingScheme | null {
  const named = Object.hasOwn(NAMED, text) ? NAMED[text] : undefined;
  if (named !== undefined) {
    return { prf: named[0], width: named[1], selfSalt: named[2], key: 15_485_863n };
  }
  const match = /^ff-([a-z_]+)-([1-9]\d?)-(True|False)(?:-(-?\d+))?$/.exec(text);
  if (match === null || !(LM_PRFS as readonly string[]).includes(match[1])) return null;
  return {
    prf: match[1] as LmPrf,
    width: Number(match[2]),
    selfSalt: match[3] === "True",
    key: match[4] === undefined ? 15_485_863n : BigInt(match[4]),
  };
}
