import type { Random, Tokens } from "@verdigris/core";
import type { Draws, Prediction } from "@verdigris/detector";
import type { Tokenizer } from "@verdigris/text";
import type { Completion, Endpoint } from "../../endpoint/index.js";
import { mapInParallel } from "../../parallel.js";
import { below } from "../../random.js";
import type { ExternalStudent } from "./external-student.js";

/** Alternatives asked for: OpenAI's own limit for completions. */
const ALTERNATIVES = 5;

/**
 * A student behind an OpenAI-compatible API that continues text. It is shown a context's text and asked for one token; its
 * tokenizer may be another one: an answer counts if, written behind the context, the profile's tokenizer leaves the
 * context's tokens as they were and finds one token or more after them.
 */
export function endpointStudent(
  endpoint: Endpoint,
  tokenizer: Pick<Tokenizer, "encode" | "decode">,
): ExternalStudent {
  const { concurrency } = endpoint;
  const next = continuation(tokenizer);
  return {
    kind: "endpoint",
    async draws(contexts: readonly Tokens[], random: Random): Promise<Draws> {
      const seeds = contexts.map(() => below(random, 2 ** 31));
      const answers = await mapInParallel(contexts, concurrency, async (context, i) => {
        const ask = { maxTokens: 1, seed: seeds[i] };
        const { text } = await endpoint.complete(tokenizer.decode(context), ask);
        return { context, tokens: next(context, text) };
      });
      const usable = answers.filter(({ tokens }) => tokens.length > 0);
      return {
        contexts: usable.map(({ context }) => context),
        tokens: Uint32Array.from(usable, ({ tokens }) => tokens[0]),
      };
    },
    async predict(contexts: readonly Tokens[]): Promise<readonly Prediction[] | null> {
      const answers = await mapInParallel(contexts, concurrency, async (context) => {
        const ask = { maxTokens: 1, alternatives: ALTERNATIVES };
        return { context, ...(await endpoint.complete(tokenizer.decode(context), ask)) };
      });
      if (answers.some(({ first }) => first === null)) return null;
      return answers.map(({ context, first }) => prediction(context, first ?? [], next));
    },
    dispose: async (): Promise<void> => {},
  };
}

/** Alternatives that are one token of the profile's tokenizer. */
function prediction(
  context: Tokens,
  first: NonNullable<Completion["first"]>,
  next: Continuation,
): Prediction {
  const known = first.flatMap(({ text, logprob }) => {
    const tokens = next(context, text);
    return tokens.length === 1 ? [{ id: tokens[0], p: Math.exp(logprob) }] : [];
  });
  return {
    context,
    ids: Uint32Array.from(known, ({ id }) => id),
    p: Float64Array.from(known, ({ p }) => p),
  };
}

type Continuation = (context: Tokens, text: string) => Tokens;

/** Tokens of a text behind a context; none if the context's own tokens would not stay. */
function continuation({ encode, decode }: Pick<Tokenizer, "encode" | "decode">): Continuation {
  return (context, text) => {
    const joined = encode(decode(context) + text);
    const kept = context.every((id, i) => joined[i] === id);
    return kept ? joined.subarray(context.length) : new Uint32Array(0);
  };
}
