import { type LanguageModel, type Tokens, entropyOf } from "@verdigris/core";
import type { ServingSketch } from "./serving-sketch.js";

/**
 * Weights of positions from … T−1 of a text, not negative. (T − from) A weight may depend on the text, on what was
 * served and on public models, and never on the key: then every weighted sum has the null law that its coins give it
 * (statistics.md 14).
 */
export type Weighting = (tokens: Tokens, from: number) => Float64Array;

/** Who knows how often the window before each of positions from … T−1 was served: a sketch, or an exact count. */
export type ServedCounts = Pick<ServingSketch, "counts">;

/**
 * Weight by leverage, n/(n + κ): how much n training examples of a window move a student whose inertia is κ. The best
 * weights against a distilled model, whose excess is proportional to it (survival law).
 * @throws RangeError unless κ > 0
 */
export function leverageWeights(sketch: ServedCounts, inertia: number): Weighting {
  if (!(inertia > 0)) throw new RangeError(`inertia: expected a number above 0, got ${inertia}`);
  return (tokens, from) => sketch.counts(tokens, from).map((n) => n / (n + inertia));
}

/** Weight 1 where the window was served at least `least` times, else 0: the filter of Sander et al. 2024. */
export function servedFilter(sketch: ServedCounts, least = 1): Weighting {
  return (tokens, from) => sketch.counts(tokens, from).map((n) => (n >= least ? 1 : 0));
}

/** Occurrences beyond which a window's weight grows no more. */
const REPEATS = 3;

/**
 * Weight by how often the window with its token occurs in the text, up to three times. A mark made its tokens likelier
 * each time, and what occurs twice was not edited since: where many tokens were, this finds more than equal weights.
 * @param h tokens of context of a window
 */
export function repeatWeights(h: number): Weighting {
  return (tokens, from) => {
    const windows = Array.from({ length: tokens.length - from }, (_, i) =>
      tokens.subarray(from + i - h, from + i + 1).join(),
    );
    const counts = new Map<string, number>();
    for (const window of windows) counts.set(window, (counts.get(window) ?? 0) + 1);
    return Float64Array.from(
      windows,
      (window) => Math.min(REPEATS, counts.get(window) ?? 0) / REPEATS,
    );
  };
}

/**
 * Weight by √H, H the entropy of a model's next-token law in nats: where a model has no choice a mark cannot show
 * (TextSeal 2026). Reads the text with the model, one token at a time after `prompt`. (T)
 */
export async function entropyWeights(
  model: LanguageModel,
  prompt: Tokens,
  tokens: Tokens,
): Promise<Float64Array> {
  return readWith(model, { prompt, tokens }, (logits) => Math.sqrt(entropyOf(logits)));
}

/** A figure of the model's next-token logits at each position: the text after `prompt`, one token at a time. (T) */
export async function readWith(
  model: LanguageModel,
  { prompt, tokens }: { readonly prompt: Tokens; readonly tokens: Tokens },
  figure: (logits: Float32Array) => number,
): Promise<Float64Array> {
  const out = new Float64Array(tokens.length);
  const sequence = await model.start(prompt);
  try {
    for (let t = 0; t < tokens.length; t++) {
      out[t] = figure((await sequence.next()).logits);
      sequence.push(tokens[t]);
    }
  } finally {
    sequence.end();
  }
  return out;
}
