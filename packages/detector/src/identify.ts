import {
  type Kernel,
  type Key,
  type Profile,
  type Scheme,
  bindScheme,
  createKernel,
} from "@verdigris/core";
import { type Evidence, evidenceOf } from "./evidence.js";
import { holm, rejects, smallestRejecting } from "./statistics/index.js";
import { type Count, type Piece, Tally } from "./tally.js";

/** A mark that a text may carry. */
export interface Candidate {
  readonly profile: Profile;
  readonly key: Key;
}

/** One candidate's result. */
export interface Identified<C extends Candidate = Candidate> {
  readonly candidate: C;
  readonly kind: "detected" | "not-detected" | "too-short";
  readonly count: Count;
  readonly evidence: Evidence;
  /** log10 p after Holm's correction for all candidates. */
  readonly log10PAdjusted: number;
}

/**
 * Which of many marks a text carries, the likeliest first. The chance that any is named in a text that carries none of
 * them is at most α, however many candidates there are (Holm 1979).
 *
 * @throws RangeError for a token id ≥ V of a candidate's profile; VerdigrisError for a key its scheme does not take
 */
export function identify<C extends Candidate>(
  candidates: readonly C[],
  textOf: (candidate: C) => Iterable<Piece>,
  options: { readonly alpha?: number; readonly kernel?: Kernel } = {},
): readonly Identified<C>[] {
  const { alpha = 1e-3, kernel = createKernel() } = options;
  const tested = candidates.map((candidate) => {
    const scheme = bindScheme(candidate.profile, candidate.key, kernel);
    return { candidate, scheme, count: countOf(scheme, textOf(candidate)) };
  });
  const evidence = tested.map(({ scheme, count }) => evidenceOf(scheme.law, count));
  const adjusted = holm(evidence.map(({ log10P }) => log10P));
  return tested
    .map(({ candidate, scheme, count }, i): Identified<C> => {
      const short = count.n < smallestRejecting(scheme.law, alpha / candidates.length);
      const detected = rejects(adjusted[i], alpha);
      const kind = detected ? "detected" : short ? "too-short" : "not-detected";
      return { candidate, kind, count, evidence: evidence[i], log10PAdjusted: adjusted[i] };
    })
    .sort((a, b) => a.evidence.log10P - b.evidence.log10P);
}

function countOf(scheme: Scheme, pieces: Iterable<Piece>): Count {
  const tally = new Tally(scheme);
  for (const piece of pieces) tally.add(piece);
  return tally.count();
}
