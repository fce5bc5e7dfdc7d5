import { type Key, type Kernel, type Profile, type Tokens, bindScheme } from "@verdigris/core";
import { type SynthIdPrf, word64 } from "@verdigris/core/primitives";
import { synthIdPrfOf } from "../synthid-prf.js";
import { type Piece, Tally } from "../tally.js";

/** The g-values of a text's coins: each coin once, windows of the prompt left out, as in every other test. */
export interface GWords {
  /** Layer l in bit l. (n) */
  readonly words: Uint32Array;
  readonly depth: number;
  /** Largest chance of a one, over the layers, when the text ignores the key. */
  readonly shareOfOnes: number;
}

/**
 * Reads a text under a `synthid` profile and key.
 * @throws RangeError for a token id ≥ V, or a profile of another scheme
 */
export function gWords(
  profile: Profile,
  key: Key,
  reading: {
    readonly texts: Iterable<Piece>;
    readonly kernel?: Kernel;
    /** False counts every position; the canary of the calibration test. */
    readonly deduplicate?: boolean;
  },
): GWords {
  if (profile.scheme !== "synthid") {
    throw new RangeError(`profile.scheme: expected synthid, got ${profile.scheme}`);
  }
  const prf = synthIdPrfOf(profile, key);
  const counted: number[] = [];
  const tally = new Tally(bindScheme(profile, key, reading.kernel), {
    deduplicate: reading.deduplicate ?? true,
    observe: (positions, _, n) => counted.push(...positions.subarray(0, n)),
  });
  const words: number[] = [];
  let [before, carried] = [0, new Uint32Array(0) as Tokens];
  for (const piece of reading.texts) {
    counted.length = 0;
    tally.add(piece);
    const earlier = piece.continues === true ? carried : new Uint32Array(0);
    const tokens = Uint32Array.from([...earlier, ...piece.tokens]);
    const origin = before - earlier.length;
    for (const at of counted) words.push(wordAt(prf, tokens, { at: at - origin, h: profile.h }));
    carried = tokens.slice(Math.max(0, tokens.length - profile.h));
    before += piece.tokens.length;
  }
  return { words: Uint32Array.from(words), depth: prf.depth, shareOfOnes: prf.shareOfOnes };
}

function wordAt(
  prf: SynthIdPrf,
  tokens: Tokens,
  { at, h }: { readonly at: number; readonly h: number },
): number {
  const state = word64();
  prf.state(tokens, { start: at - h, end: at + 1 }, state);
  return prf.word(state);
}
