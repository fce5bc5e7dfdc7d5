import type { LanguageModel, ModelWeighting, Scheme, Tokens } from "@verdigris/core";
import { type WeightedEvidence, weightedTest } from "./weighted-test.js";
import { readWith } from "./weighting.js";

/** A text and what its writer was shown. */
export interface ModelTestText {
  readonly tokens: Tokens;
  readonly prompt?: Tokens;
}

/**
 * What a mark's own detector asks a model at each position of each text (SWEET, EWD): the figures of its weighting, 0 where
 * there is none. Without a prompt the text's first token stands for one. (T) each
 * @throws RangeError for a scheme that weighs nothing, or an empty text
 */
export async function modelFigures(
  scheme: Scheme,
  texts: readonly ModelTestText[],
  model: LanguageModel,
): Promise<readonly Float64Array[]> {
  const { figure } = weightingOf(scheme);
  const all: Float64Array[] = [];
  for (const { tokens, prompt } of texts) {
    if (tokens.length === 0) throw new RangeError("texts: expected tokens in each, got none");
    const shown = prompt !== undefined && prompt.length > 0;
    const start = shown ? prompt : tokens.subarray(0, 1);
    const read = await readWith(
      model,
      { prompt: start, tokens: shown ? tokens : tokens.subarray(1) },
      figure,
    );
    const figures = new Float64Array(tokens.length);
    figures.set(read, tokens.length - read.length);
    all.push(figures);
  }
  return all;
}

/**
 * The exact test of a mark whose own detector asks a model how much each position counts. The weights come of text, prompt
 * and model, never of the key, so the null law is that of the weighted coins.
 * @param figures of `modelFigures` for these texts
 * @throws RangeError for a scheme that weighs nothing
 */
export function modelTest(
  scheme: Scheme,
  texts: readonly ModelTestText[],
  figures: readonly Float64Array[],
): WeightedEvidence {
  const { weights } = weightingOf(scheme);
  // Position 0 without a prompt has no figure, and no coin either: h is at least 1.
  const weighed = new Map(
    texts.map(({ tokens }, i) => [
      tokens,
      weights(figures[i].subarray(Math.min(scheme.h, tokens.length))),
    ]),
  );
  return weightedTest(scheme, texts, (tokens) => weighed.get(tokens) as Float64Array);
}

/** @throws RangeError for a scheme that weighs nothing */
function weightingOf({ modelWeighting, profile }: Scheme): ModelWeighting {
  if (modelWeighting !== undefined) return modelWeighting;
  throw new RangeError(`scheme: expected one that weighs by a model, got ${profile.scheme}`);
}
