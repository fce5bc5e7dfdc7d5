/** A model behind an OpenAI-compatible API: what a suspect, or a teacher that is not ours, lets itself be asked. */
import { VerdigrisError } from "@verdigris/core";
import type OpenAI from "openai";
import type { ApiKey } from "./api-key.js";

/** Where a model is served. */
export interface EndpointOptions {
  /** Base of the API, such as http://127.0.0.1:8080/v1. */
  readonly url: string;
  /** The model's name there. */
  readonly model: string;
  /** Default: none, as local servers want it. */
  readonly apiKey?: ApiKey;
  /** Requests at once. Default 8. */
  readonly concurrency?: number;
  /** How often a request is made again if the server is busy, at fault or out of reach. Default 5. */
  readonly retries?: number;
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

/** Waits of .5 to 8 s, or as long as the server asks for, up to a minute: enough for a model that is being loaded. */
const RETRIES = 5;

/**
 * Opens an endpoint through the package `openai` (an optional peer dependency), which waits and asks again where that may help.
 * @throws VerdigrisError PEER_MISSING if it is not installed; TypeError for an address that is none
 */
export async function openEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const { url, model, apiKey, concurrency = 8, retries = RETRIES } = options;
  requireAddress("url", url);
  const client = await clientOf({ url, apiKey, retries });
  const asked = async <T>(request: () => Promise<Answer<T>>): Promise<T> => {
    const { choices } = await request().catch((cause: unknown) => {
      throw failure(cause, { url, apiKey, retries });
    });
    if (choices?.[0] !== undefined) return choices[0];
    throw new VerdigrisError("ENDPOINT_FAILED", `${url}: answered without choices${NO_API}`);
  };
  return {
    concurrency,
    async complete(text: string, ask: Ask): Promise<Completion> {
      const { alternatives = 0 } = ask;
      const logprobs = alternatives > 0 ? { logprobs: alternatives } : {};
      const choice = await asked(() =>
        client.completions.create({ model, prompt: text, ...sampling(ask), ...logprobs }),
      );
      const top = choice.logprobs?.top_logprobs?.[0];
      const first =
        top === undefined || top === null
          ? null
          : Object.entries(top).map(([token, logprob]) => ({ text: token, logprob }));
      return { text: choice.text, first };
    },
    async answer(prompt: string, ask: Ask): Promise<string> {
      const messages = [{ role: "user", content: prompt } as const];
      const choice = await asked(() =>
        client.chat.completions.create({ model, messages, ...sampling(ask) }),
      );
      return choice.message.content ?? "";
    },
  };
}

/** Once, should a connection be lost; a mistake is to be told at once. */
const PROBE_RETRIES = 1;

/**
 * Asks for one token, so that a server that is away, has no such model or wants another key is told of before any work.
 * @throws VerdigrisError ENDPOINT_FAILED; as `openEndpoint` does
 */
export async function probeEndpoint(options: EndpointOptions): Promise<void> {
  const endpoint = await openEndpoint({ ...options, retries: PROBE_RETRIES });
  await endpoint.complete("The", { maxTokens: 1 });
}

/** What is read of an answer; a server of something else may leave it out. */
interface Answer<Choice> {
  readonly choices?: readonly Choice[];
}

type Place = Pick<EndpointOptions, "url"> & {
  readonly apiKey: ApiKey | undefined;
  readonly retries: number;
};

/** Keys and accounts of OpenAI in the environment are not sent: who is asked may be a thief. */
async function clientOf({ url, apiKey, retries }: Place): Promise<OpenAI> {
  return new (await importPeer())({
    baseURL: url,
    apiKey: apiKey?.reveal() ?? "none",
    ...(apiKey === undefined && { defaultHeaders: { Authorization: null } }),
    adminAPIKey: null,
    organization: null,
    project: null,
    maxRetries: retries,
    logLevel: "off",
  });
}

function sampling({ maxTokens, temperature = 1, seed }: Ask): {
  readonly max_tokens: number;
  readonly temperature: number;
  readonly top_p: number;
  readonly seed?: number;
} {
  return { max_tokens: maxTokens, temperature, top_p: 1, ...(seed === undefined ? {} : { seed }) };
}

/**
 * @throws TypeError naming `field` for what is no address, or one with a password or a query, which messages and digests
 * would show
 */
export function requireAddress(field: string, url: string): void {
  const { protocol, username, password, search, hash } = URL.parse(url) ?? {};
  const wanted = `${field}: expected http://… or https://…`;
  if (protocol !== "http:" && protocol !== "https:")
    throw new TypeError(`${wanted}, got ${JSON.stringify(url)}`);
  if (`${username}${password}${search}${hash}` === "") return;
  throw new TypeError(`${wanted} without user, password or query, got one with (not shown)`);
}

/** Longest part of a server's answer that a message repeats: some send whole pages. */
const SHOWN = 300;
const NO_API = "; is it the base of an OpenAI-compatible API (…/v1), with this model?";

function failure(cause: unknown, { url, apiKey, retries }: Place): VerdigrisError {
  const { status, message } = cause as Error & { readonly status?: number };
  const said = status === undefined ? `${message} (${reasonOf(cause)})` : message;
  const text = (apiKey?.hide(said) ?? said).replace(/\s+/g, " ").slice(0, SHOWN);
  const advice = adviceOn(status, { apiKey, retries });
  // The answer to a key may quote it: what was caught goes no further than this text.
  const options = apiKey === undefined ? { cause } : {};
  return new VerdigrisError("ENDPOINT_FAILED", `${url}: ${text}${advice}`, options);
}

/** Why no answer came: the innermost cause, such as ECONNREFUSED. */
function reasonOf(error: unknown): string {
  const { cause, message, code } = error as NodeJS.ErrnoException;
  return cause === undefined ? message || String(code) : reasonOf(cause);
}

/** What a status means for whoever asked. */
function adviceOn(
  status: number | undefined,
  { apiKey, retries }: Pick<Place, "apiKey" | "retries">,
): string {
  const tried = retries === 0 ? "" : `; asked ${retries + 1} times`;
  if (status === 401 || status === 403)
    return apiKey === undefined
      ? "; no API key was sent (apiKeyEnv of a study, --api-key-env of an audit)"
      : `; sent was the API key in ${apiKey.source}`;
  if (status === 404) return NO_API;
  if (status === 429) return `${tried}; too many requests, or the account's quota is used up`;
  return status === undefined || status >= 500 ? tried : "";
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
