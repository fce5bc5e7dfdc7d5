/** A model behind an OpenAI-compatible API: what a suspect, or a teacher that is not ours, lets itself be asked. */
import { VerdigrisError } from "@verdigris/core";
import type OpenAI from "openai";

/** Where a model is served. */
export interface EndpointOptions {
  /** Base of the API, such as http://127.0.0.1:8080/v1. */
  readonly url: string;
  /** The model's name there. */
  readonly model: string;
  /** Default: none, as local servers want it. */
  readonly apiKey?: string;
  /** Requests at once. Default 8. */
  readonly concurrency?: number;
}

/** How an answer is drawn. */
export interface Ask {
  readonly maxTokens: number;
  /** Default 1. */
  readonly temperature?: number;
  /** Whole number; servers that know it repeat an answer. */
  readonly seed?: number;
  /** How many of the first token's alternatives to show; 0 for none. Default 0. */
  readonly alternatives?: number;
}

/** What came back. */
export interface Completion {
  readonly text: string;
  /** Text and log-probability, nats, of tokens that could have come first; null where the server shows none. */
  readonly first: readonly { readonly text: string; readonly logprob: number }[] | null;
}

/** A model that is asked over HTTP. */
export interface Endpoint {
  readonly concurrency: number;
  /** Goes on with a text as it is (`/completions`). @throws VerdigrisError ENDPOINT_FAILED */
  complete(text: string, ask: Ask): Promise<Completion>;
  /** Answers a user (`/chat/completions`). @throws VerdigrisError ENDPOINT_FAILED */
  answer(prompt: string, ask: Ask): Promise<string>;
}

/**
 * Opens an endpoint through the package `openai` (an optional peer dependency), which waits and asks again when a server is
 * busy. @throws VerdigrisError PEER_MISSING if it is not installed; TypeError for an address that is none
 */
export async function openEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const { url, model, apiKey = "none", concurrency = 8 } = options;
  if (!/^https?:\/\/./.test(url)) {
    throw new TypeError(`url: expected http://… or https://…, got ${JSON.stringify(url)}`);
  }
  const client = new (await importPeer())({ baseURL: url, apiKey });
  return {
    concurrency,
    async complete(text: string, ask: Ask): Promise<Completion> {
      const { alternatives = 0 } = ask;
      const { choices } = await asked(url, () =>
        client.completions.create({
          model,
          prompt: text,
          ...sampling(ask),
          ...(alternatives > 0 ? { logprobs: alternatives } : {}),
        }),
      );
      const top = choices[0]?.logprobs?.top_logprobs?.[0];
      const first =
        top === undefined || top === null
          ? null
          : Object.entries(top).map(([token, logprob]) => ({ text: token, logprob }));
      return { text: choices[0]?.text ?? "", first };
    },
    async answer(prompt: string, ask: Ask): Promise<string> {
      const { choices } = await asked(url, () =>
        client.chat.completions.create({
          model,
          messages: [{ role: "user", content: prompt }],
          ...sampling(ask),
        }),
      );
      return choices[0]?.message.content ?? "";
    },
  };
}

function sampling({ maxTokens, temperature = 1, seed }: Ask): {
  readonly max_tokens: number;
  readonly temperature: number;
  readonly top_p: number;
  readonly seed?: number;
} {
  return { max_tokens: maxTokens, temperature, top_p: 1, ...(seed === undefined ? {} : { seed }) };
}

async function asked<T>(url: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (cause) {
    throw new VerdigrisError("ENDPOINT_FAILED", `${url}: ${(cause as Error).message}`, { cause });
  }
}

async function importPeer(): Promise<typeof OpenAI> {
  try {
    return (await import("openai")).default;
  } catch (cause) {
    throw new VerdigrisError(
      "PEER_MISSING",
      "openai is not installed: add it to your project (npm install openai@7)",
      { cause },
    );
  }
}
