import {
  type Candidates,
  type LanguageModel,
  type Scheme,
  type Tokens,
  largestFirst,
} from "@verdigris/core";
import { type EmbedOptions, embed } from "@verdigris/watermark";
import type { Text } from "../corpus.js";

/**
 * Has a model write one text and keeps, beside each token, the probabilities of the k likeliest ones as they are after
 * the mark and the temperature: what an interface that returns them gives away. Truncating settings of the sampling do
 * not enter.
 */
export async function writeWithTargets(
  model: LanguageModel,
  prompt: Tokens,
  options: EmbedOptions & { readonly k: number },
): Promise<Pick<Text, "tokens" | "targets">> {
  const { scheme, k, maxTokens } = options;
  const temperature = options.sampling?.temperature ?? 1;
  const text = new Uint32Array(prompt.length + maxTokens);
  text.set(prompt);
  const ids = new Uint32Array(maxTokens * k);
  const p = new Float32Array(maxTokens * k);
  let n = 0;
  for await (const { token, marked, candidates } of embed(model, prompt, options)) {
    const context = text.subarray(0, prompt.length + n);
    const shown = probabilities(candidates, {
      scheme: marked ? scheme : null,
      context,
      temperature,
    });
    const order = largestFirst(shown, Math.min(k, shown.length));
    for (let i = 0; i < Math.min(k, shown.length); i++) {
      ids[n * k + i] = candidates.ids[order[i]];
      p[n * k + i] = shown[order[i]];
    }
    text[prompt.length + n] = token;
    n++;
  }
  const tokens = text.slice(prompt.length, prompt.length + n);
  return {
    tokens,
    targets: { of: tokens, k, ids: ids.subarray(0, n * k), p: p.subarray(0, n * k) },
  };
}

/** What a token is drawn from. (K) */
function probabilities(
  { ids, logits }: Candidates,
  step: { readonly scheme: Scheme | null; readonly context: Tokens; readonly temperature: number },
): Float32Array {
  const own = Float32Array.from(logits);
  const mark = (stage: Scheme["stage"]): void => {
    if (step.scheme?.stage === stage) step.scheme.reweight(step.context, own, ids);
  };
  mark("raw-logits");
  // A greedy teacher is as good as certain of its favourite.
  for (let i = 0; i < own.length; i++) own[i] /= Math.max(step.temperature, 1e-6);
  mark("warped-logits");
  const top = own.reduce((best, value) => Math.max(best, value), -Infinity);
  const weights = own.map((value) => Math.exp(value - top));
  const sum = weights.reduce((total, value) => total + value, 0);
  return weights.map((value) => value / sum);
}
