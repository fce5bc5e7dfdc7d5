import type { Random } from "@verdigris/core";
import * as z from "zod";
import { ContextIndex } from "../context-index.js";
import type { Corpus, Text } from "../corpus.js";
import { CountModel, uniformModel } from "../count-model.js";
import type { AttackTraits } from "../needs.js";
import { shuffled } from "../random.js";
import { redrawn } from "./redraw.js";
import type { Surroundings, TrainingAttack } from "./training-attack.js";

export const schema = z.strictObject({
  kind: z.literal("targeted-paraphrase"),
  share: z.number().min(0).max(1).describe("Share of the tokens that are drawn anew."),
  width: z.int().min(0).max(4).default(1).describe("Tokens of a window, as the thief guesses."),
});

export const traits: AttackTraits = { needs: [], removes: ["targets"] };

type Settings = z.infer<typeof schema>;

/** Examples that weigh as much as the next shorter window in the thief's model of clean text. */
const INERTIA = 5;

/**
 * Targeted paraphrase: draws those tokens anew that follow their window far more often than in clean text, the most
 * striking first, up to a share of the corpus. There is no closed form: what it keeps was looked at for the mark.
 */
export function create(settings: Settings): TrainingAttack {
  const { share, kind } = settings;
  return {
    kind,
    reads: ["cleanTexts"],
    // He needs about as much clean text as he collected to know what is striking.
    budget: ({ tokenCount }) => ({
      queries: 0,
      cleanTokens: tokenCount,
      computeShare: share / 3,
    }),
    corpus: (corpus, surroundings) =>
      redrawn(corpus, mostStriking(corpus, settings, surroundings), surroundings),
  };
}

/** Marks the share of all tokens whose (window, token) pair is most above its clean frequency. (texts, T) */
function mostStriking(
  { texts, tokenCount }: Corpus,
  { share, width }: Settings,
  surroundings: Surroundings,
): readonly Uint8Array[] {
  const ratioOf = ratiosOf(texts, width, surroundings);
  const chosen = texts.map(({ tokens }) => new Uint8Array(tokens.length));
  let left = Math.round(share * tokenCount);
  for (const { text, place, ratio } of ranked(texts, ratioOf, {
    width,
    random: surroundings.random,
  })) {
    if (left-- <= 0 || ratio <= 1) break;
    chosen[text][place] = 1;
  }
  return chosen;
}

interface Place {
  readonly text: number;
  readonly place: number;
  /** How many times as often as in clean text the pair occurs. */
  readonly ratio: number;
}

function ranked(
  texts: readonly Text[],
  ratioOf: (pair: string) => number,
  { width, random }: { readonly width: number; readonly random: Random },
): readonly Place[] {
  const places = texts.flatMap(({ tokens }, text) =>
    Array.from({ length: Math.max(0, tokens.length - width) }, (_, i) => ({
      text,
      place: i + width,
      ratio: ratioOf(tokens.subarray(i, i + width + 1).join(" ")),
    })),
  );
  // Pairs of many places tie: in what order they go must not depend on where they stand.
  return shuffled(places, random).toSorted((a, b) => b.ratio - a.ratio);
}

/** (n_wv + 1) / (n_w P + 1) of each pair of the corpus, P by a count model of the clean text. */
function ratiosOf(
  texts: readonly Text[],
  width: number,
  { cleanTexts, vocabularySize }: Surroundings,
): (pair: string) => number {
  const index = new ContextIndex(
    cleanTexts.map(({ tokens }) => tokens),
    { order: width, vocabularySize },
  );
  const base = uniformModel(vocabularySize);
  const clean = new CountModel(index, { inertia: INERTIA, shortest: 0, base });
  const [windows, pairs] = [countsOf(texts, width), countsOf(texts, width + 1)];
  const known = new Map<string, number>();
  return (pair) => {
    const before = known.get(pair);
    if (before !== undefined) return before;
    const ids = Uint32Array.from(pair.split(" "), Number);
    const [p] = clean.probabilities(ids.subarray(0, width), ids.subarray(width));
    const expected = p * (windows.get(ids.subarray(0, width).join(" ")) ?? 0);
    const ratio = ((pairs.get(pair) ?? 0) + 1) / (expected + 1);
    known.set(pair, ratio);
    return ratio;
  };
}

/** Occurrences of each run of tokens of a length. */
function countsOf(texts: readonly Text[], length: number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { tokens } of texts) {
    for (let end = length; end <= tokens.length; end++) {
      const run = tokens.subarray(end - length, end).join(" ");
      counts.set(run, (counts.get(run) ?? 0) + 1);
    }
  }
  return counts;
}
