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
   * this answer, which keeps an unbiased mark unbiased within one answer; `skip-shown` also if it occurs in the prompt.
   */
  readonly repeatedContexts?: "mark" | "skip" | "skip-shown";
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
  const marksHere = markPolicy(prompt, options);
  const text = new Uint32Array(prompt.length + options.maxTokens);
  text.set(prompt);
  const sequence: ModelSequence = await model.start(prompt);
  try {
    for (let length = prompt.length; length < text.length; length++) {
      const context = text.subarray(0, length);
      const marked = marksHere(context);
      const next = sequence.next();
      // A model in this process answers at once; waiting for it all the same would take longer than the answer.
      const candidates = next instanceof Promise ? await next : next;
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
function markPolicy(
  prompt: Tokens,
  { scheme, repeatedContexts = "mark" }: EmbedOptions,
): (context: Tokens) => boolean {
  if (scheme === null) return () => false;
  const { h } = scheme;
  if (repeatedContexts === "mark") return (context) => context.length >= h;
  const seen = new Set<string>();
  const isFresh = (context: Tokens): boolean => {
    const before = seen.size;
    seen.add(context.subarray(context.length - h).join(" "));
    return seen.size > before;
  };
  // The prompt's last window is where the answer starts, so it is not one that was repeated.
  if (repeatedContexts === "skip-shown")
    for (let end = h; end < prompt.length; end++) isFresh(prompt.subarray(0, end));
  return (context) => context.length >= h && isFresh(context);
}
