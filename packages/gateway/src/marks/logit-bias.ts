import type { Scheme } from "@verdigris/core";
import { invalidRequest } from "../errors.js";
import { type JsonObject, isObject } from "../json.js";
import type { UpstreamMark } from "./mark.js";

/** What the bias covers. */
export interface LogitBiasOptions {
  /** Token ids, the most frequent first: only green ones among them are biased. */
  readonly tokens: Uint32Array;
  /** Entries the upstream takes in one request: 300 (OpenAI, default), 1024 (vLLM 0.33). */
  readonly limit?: number;
}

/** Entries the upstream adds to logits, by token id. */
export type StaticBias = Readonly<Record<string, number>>;

/** OpenAI's range of a bias. */
const LARGEST = 100;

/**
 * The mark as the API's own `logit_bias`. One list serves every position of every answer (h = 0), and only the tokens it
 * names are marked at all: it is weak in short texts, the easiest mark to steal by counting words, and lowers quality
 * where the listed words compete. Prefer an engine's own mark.
 * @throws RangeError for a scheme whose list depends on the context, or when no token of `tokens` is green
 */
export function logitBiasMark(scheme: Scheme, options: LogitBiasOptions): UpstreamMark {
  const limit = options.limit ?? 300;
  const bias = staticBias(scheme, options.tokens, limit);
  return {
    name: "logit-bias",
    needsSampling: false,
    grammarFields: [],
    on: (body, endpoint) =>
      endpoint === "chat" || endpoint === "completions"
        ? { ...body, logit_bias: merged(body, bias, limit) }
        : null,
    off: (body) => body,
  };
}

function staticBias(scheme: Scheme, tokens: Uint32Array, limit: number): StaticBias {
  if (scheme.h !== 0) {
    throw new RangeError(`scheme: expected one list for all contexts (h = 0), got h = ${scheme.h}`);
  }
  const logits = new Float32Array(tokens.length);
  scheme.reweight(new Uint32Array(0), logits, tokens);
  const entries = Array.from(tokens, (token, i) => [String(token), logits[i]] as const)
    .filter(([, value]) => value > 0)
    .slice(0, limit)
    .map(([token, value]) => [token, Math.min(value, LARGEST)]);
  if (entries.length === 0) {
    throw new RangeError(`tokens: expected a green token among them, got ${tokens.length} without`);
  }
  return Object.fromEntries(entries);
}

/** The client's own biases stay where they are not the mark's: a bias against it would be an opt-out. */
function merged(body: JsonObject, bias: StaticBias, limit: number): JsonObject {
  const own = isObject(body.logit_bias) ? body.logit_bias : {};
  const all = { ...own, ...bias };
  const n = Object.keys(all).length;
  if (n <= limit) return all;
  throw invalidRequest(
    `logit_bias: the mark leaves room for ${limit - Object.keys(bias).length} entries of yours`,
    "logit_bias_too_long",
    "logit_bias",
  );
}
