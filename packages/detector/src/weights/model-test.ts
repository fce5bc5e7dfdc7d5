import type { LanguageModel, Scheme, Tokens } from "@verdigris/core";
import { type WeightedEvidence, weightedTest } from "./weighted-test.js";
import { readWith } from "./weighting.js";

/** A text and what its writer was shown. */
export interface ModelTestText {
  readonly tokens: Tokens;
  readonly prompt?: Tokens;
}

/**
 * The exact test of a mark whose own detector asks a model how much each position counts (SWEET, EWD). The weights come
 * of text, prompt and model, never of the key, so the null law is that of the weighted coins. Without a prompt the text's
 * first token stands for one.
 * @throws RangeError for a scheme that weighs nothing, or an empty text
 */
export async function modelTest(
  scheme: Scheme,
  texts: readonly ModelTestText[],
  model: LanguageModel,
): Promise<WeightedEvidence> {
  const { modelWeighting: weighting, h } = scheme;
  if (weighting === undefined) {
    throw new RangeError(
      `scheme: expected one that weighs by a model, got ${scheme.profile.scheme}`,
    );
  }
  const figures = new Map<Tokens, Float64Array>();
  for (const { tokens, prompt } of texts) {
    if (tokens.length === 0) throw new RangeError("texts: expected tokens in each, got none");
    const shown = prompt !== undefined && prompt.length > 0;
    const start = shown ? prompt : tokens.subarray(0, 1);
    const read = await readWith(
      model,
      { prompt: start, tokens: shown ? tokens : tokens.subarray(1) },
      weighting.figure,
    );
    const all = new Float64Array(tokens.length);
    all.set(read, tokens.length - read.length);
    // Position 0 without a prompt has no figure, and no coin either: h is at least 1.
    figures.set(tokens, weighting.weights(all.subarray(Math.min(h, all.length))));
  }
  return weightedTest(scheme, texts, (tokens) => figures.get(tokens) as Float64Array);
}
