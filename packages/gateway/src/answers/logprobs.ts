/** Log-probabilities as the API shows them: the model's own, among its candidates, before the mark. */
import type { Candidates, Tokens } from "@verdigris/core";
import { largestFirst } from "@verdigris/core";
import type { JsonObject } from "../json.js";

/** One token's probability, nats. */
export interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
  /** UTF-8; null for a token that holds only a part of a character. */
  readonly bytes: readonly number[] | null;
}

/** A token that was written, and the most likely ones at its place. */
export interface WrittenLogprob extends TokenLogprob {
  readonly top: readonly TokenLogprob[];
}

/**
 * What the model thought of a token. The mark's own probabilities would tell a client the list; these are normalised over
 * the candidates, a little above those over the whole vocabulary.
 */
export function logprobOf(
  token: number,
  { ids, logits }: Candidates,
  { top, decode }: { readonly top: number; readonly decode: (tokens: Tokens) => string },
): WrittenLogprob {
  const best = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - best), 0);
  const at = (i: number): TokenLogprob => {
    const text = decode(Uint32Array.of(ids[i]));
    const bytes = text.includes("\uFFFD") ? null : [...new TextEncoder().encode(text)];
    return { token: text, logprob: logits[i] - best - Math.log(sum), bytes };
  };
  const order = [...largestFirst(logits, Math.min(top, ids.length)).subarray(0, top)];
  return { ...at(ids.indexOf(token)), top: order.map(at) };
}

/** `logprobs` of a chat's choice. */
export function chatLogprobs(tokens: readonly WrittenLogprob[]): JsonObject {
  const content = tokens.map(({ top, ...token }) => ({ ...token, top_logprobs: top }));
  return { content, refusal: null };
}

/** `logprobs` of a text completion's choice; `offset`: UTF-16 units of the text before it. */
export function textLogprobs(tokens: readonly WrittenLogprob[], offset: number): JsonObject {
  let at = offset;
  return {
    tokens: tokens.map(({ token }) => token),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map(({ top }) =>
      Object.fromEntries(top.map(({ token, logprob }) => [token, logprob])),
    ),
    text_offset: tokens.map(({ token }) => (at += token.length) - token.length),
  };
}
