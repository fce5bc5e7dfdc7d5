import type {
  Candidates,
  LanguageModel,
  ModelSequence,
  Random,
  Scheme,
  Tokens,
} from "@verdigris/core";
import { type Sampling, type Step, PLAIN_SAMPLING, createSampler } from "./sampler.js";

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
  const writing = await begin(model, prompt, options);
  try {
    for (;;) {
      const next = writing.step();
      const step = next instanceof Promise ? await next : next;
      if (step === null) return;
      yield step;
    }
  } finally {
    writing.end();
  }
}

/** The whole answer of `embed` as token ids. */
export async function generate(
  model: LanguageModel,
  prompt: Tokens,
  options: EmbedOptions,
): Promise<Tokens> {
  const out: number[] = [];
  const writing = await begin(model, prompt, options);
  try {
    for (;;) {
      const next = writing.step();
      // Not through `embed`: handing over a token at a time takes as long as a fast model's own step.
      const step = next instanceof Promise ? await next : next;
      if (step === null) return Uint32Array.from(out);
      out.push(step.token);
    }
  } finally {
    writing.end();
  }
}

/** An answer that is being written. */
interface Writing {
  /** The next token, at once if the model answers at once; null at the end. */
  step(): EmbeddedToken | null | Promise<EmbeddedToken | null>;
  end(): void;
}

async function begin(
  model: LanguageModel,
  prompt: Tokens,
  options: EmbedOptions,
): Promise<Writing> {
  checkVocabulary(model, options.scheme);
  const sampler = createSampler(options.sampling ?? PLAIN_SAMPLING, options.scheme, options.random);
  const marksHere = markPolicy(prompt, options);
  const text = new Uint32Array(prompt.length + options.maxTokens);
  text.set(prompt);
  let { length } = prompt;
  const sequence: ModelSequence = await model.start(prompt);
  const take = (candidates: Candidates, step: Step): EmbeddedToken | null => {
    const token = sampler(candidates, step);
    if (model.endTokens.has(token)) return null;
    text[length++] = token;
    sequence.push(token);
    return { token, marked: step.marked, candidates };
  };
  return {
    step(): EmbeddedToken | null | Promise<EmbeddedToken | null> {
      if (length === text.length) return null;
      const context = text.subarray(0, length);
      const step = { context, marked: marksHere(context) };
      const next = sequence.next();
      return next instanceof Promise
        ? next.then((candidates) => take(candidates, step))
        : take(next, step);
    },
    end: (): void => sequence.end(),
  };
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
