import type {
  Candidates,
  LanguageModel,
  ModelSequence,
  Random,
  Scheme,
  Tokens,
} from "@verdigris/core";
import { type Sampling, PLAIN_SAMPLING, createSampler } from "./sampler.js";

/** How to generate one answer. */
export interface EmbedOptions {
  /** The mark, bound to its key; null generates without one. */
  readonly scheme: Scheme | null;
  readonly random: Random;
  readonly maxTokens: number;
  readonly sampling?: Sampling;
  /**
   * `mark` (default) marks every position; `skip` leaves a position unmarked if its context occurred earlier in
   * this sequence, which keeps an unbiased mark unbiased within one answer.
   */
  readonly repeatedContexts?: "mark" | "skip";
}

/** One generated token. */
export interface EmbeddedToken {
  readonly token: number;
  /** False where the mark was not applied: too little context, or a repeated one. */
  readonly marked: boolean;
  /** What it was drawn from, before the mark and every setting of the sampling. */
  readonly candidates: Candidates;
}

/**
 * Generates an answer to `prompt` token by token, marking as it goes. Ends at an end token of the model (not
 * yielded) or after `maxTokens`. The prompt's last tokens are context for the first ones of the answer.
 * @throws RangeError if the scheme's vocabulary is smaller than the model's
 */
export async function* embed(
  model: LanguageModel,
  prompt: Tokens,
  options: EmbedOptions,
): AsyncGenerator<EmbeddedToken> {
  checkVocabulary(model, options.scheme);
  const sampler = createSampler(options.sampling ?? PLAIN_SAMPLING, options.scheme, options.random);
  const marksHere = markPolicy(options);
  const text = new Uint32Array(prompt.length + options.maxTokens);
  text.set(prompt);
  const sequence: ModelSequence = await model.start(prompt);
  try {
    for (let length = prompt.length; length < text.length; length++) {
      const context = text.subarray(0, length);
      const marked = marksHere(context);
      const candidates = await sequence.next();
      const token = sampler(candidates, { context, marked });
      if (model.endTokens.has(token)) return;
      text[length] = token;
      sequence.push(token);
      yield { token, marked, candidates };
    }
  } finally {
    sequence.end();
  }
}

/** The whole answer of `embed` as token ids. */
export async function generate(
  model: LanguageModel,
  prompt: Tokens,
  options: EmbedOptions,
): Promise<Tokens> {
  const out: number[] = [];
  for await (const { token } of embed(model, prompt, options)) out.push(token);
  return Uint32Array.from(out);
}

function checkVocabulary(model: LanguageModel, scheme: Scheme | null): void {
  if (scheme !== null && scheme.profile.V < model.vocabularySize) {
    throw new RangeError(
      `scheme: expected a profile with V ≥ the model's vocabulary (${model.vocabularySize}), got ${scheme.profile.V}`,
    );
  }
}

/** Whether the mark applies after a context. */
function markPolicy(options: EmbedOptions): (context: Tokens) => boolean {
  const { scheme } = options;
  if (scheme === null) return () => false;
  if (options.repeatedContexts !== "skip") return (context) => context.length >= scheme.h;
  const seen = new Set<string>();
  return (context) => {
    if (context.length < scheme.h) return false;
    const window = context.subarray(context.length - scheme.h).join(" ");
    const fresh = !seen.has(window);
    seen.add(window);
    return fresh;
  };
}
