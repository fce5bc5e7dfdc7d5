import {
  type Kernel,
  type Key,
  type Profile,
  VerdigrisError,
  createKernel,
  schemeBinder,
} from "@verdigris/core";
import { type Evidence, evidenceOf } from "./evidence.js";
import { holm, rejects, smallestRejecting } from "./statistics/index.js";
import { type KeySum, scorerOf } from "./many-keys.js";
import type { Count, Piece } from "./tally.js";

/** A mark that a text may carry. */
export interface Candidate {
  readonly profile: Profile;
  readonly key: Key;
}

/** One candidate's result. */
export interface Identified<C extends Candidate = Candidate> {
  readonly candidate: C;
  readonly kind: "detected" | "not-detected" | "too-short";
  readonly count: Pick<Count, "n" | "sum">;
  readonly evidence: Evidence;
  /** log10 p after Holm's correction for all candidates. */
  readonly log10PAdjusted: number;
}

/** Which of the candidates a text carries. */
export interface Identification<C extends Candidate = Candidate> {
  /** One for each tested candidate, the likeliest first. */
  readonly results: readonly Identified<C>[];
  /** Candidates that were not tested, because the scheme takes no such key. */
  readonly misfits: readonly C[];
}

/**
 * Which of many marks a text carries. The chance that any is named in a text that carries none of them is at most α,
 * however many candidates there are (Holm 1979). `textOf` gives the text in the tokens of a candidate's profile.
 *
 * Candidates share the kernel and the tokens, and those with the same profile object its checks and, where the scheme says
 * that coins do not depend on the key, the one pass that drops repeated coins.
 *
 * @throws RangeError for a token id ≥ V of a candidate's profile
 */
export function identify<C extends Candidate>(
  candidates: readonly C[],
  textOf: (candidate: C) => Iterable<Piece>,
  options: { readonly alpha?: number; readonly kernel?: Kernel } = {},
): Identification<C> {
  const { alpha = 1e-3, kernel = createKernel() } = options;
  const misfits: C[] = [];
  const scorers = new Map<Profile, (key: Key) => KeySum>();
  const tested = candidates.flatMap((candidate) => {
    const { profile, key } = candidate;
    const score = scorers.get(profile) ?? keyScorer(profile, textOf(candidate), kernel);
    scorers.set(profile, score);
    const count = fitting(() => score(key));
    if (count === null) misfits.push(candidate);
    return count === null ? [] : [{ candidate, law: count.law, count }];
  });
  const evidence = tested.map(({ law, count }) => evidenceOf(law, count));
  const adjusted = holm(evidence.map(({ log10P }) => log10P));
  const results = tested
    .map(({ candidate, law, count }, i): Identified<C> => {
      const short = count.n < smallestRejecting(law, alpha / tested.length);
      const detected = rejects(adjusted[i], alpha);
      const kind = detected ? "detected" : short ? "too-short" : "not-detected";
      return { candidate, kind, count, evidence: evidence[i], log10PAdjusted: adjusted[i] };
    })
    .sort((a, b) => a.evidence.log10P - b.evidence.log10P);
  return { results, misfits };
}

/** Scores a text under keys of a profile. */
function keyScorer(profile: Profile, text: Iterable<Piece>, kernel: Kernel): (key: Key) => KeySum {
  const [bind, score] = [schemeBinder(profile, kernel), scorerOf([...text])];
  return (key) => score(bind(key));
}

/** What a key's scheme gives; null if the scheme does not take the key. */
function fitting(score: () => KeySum): KeySum | null {
  try {
    return score();
  } catch (error) {
    if (error instanceof VerdigrisError && error.code === "KEY_INVALID") return null;
    throw error;
  }
}
