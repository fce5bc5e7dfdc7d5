/** Whether and how an answer is marked: the operator's decision, never the client's. */
import { type JsonObject, isObject, listOf } from "./json.js";
import type { Endpoint, UpstreamMark } from "./marks/mark.js";

/** What to do with the answers of one tenant or route. */
export interface Policy {
  readonly mark: UpstreamMark;
  readonly profile: {
    /** Id of the profile that detects the mark: letters, digits and `._-`. */
    readonly id: string;
    /** SHA-256 of the profile, to be found again when it changes. */
    readonly digest: string;
  };
  /** Public id of the key. */
  readonly keyId: string;
  readonly tenant?: string;
  /** Answers that no person reads: they go unmarked. */
  readonly machineToMachine?: boolean;
  /** Mark also requests with tools: the answer may be a call, which the mark can distort. Default false. */
  readonly markTools?: boolean;
  /** Mark also answers that must follow a schema or grammar. Default false. */
  readonly markStructured?: boolean;
  /** Answers limited to fewer tokens go unmarked. Default 0: none. */
  readonly fewestTokens?: number;
}

/** What a policy is chosen by. */
export interface GatewayRequest {
  readonly url: URL;
  /** The client's own, as it claims: check who it is before you believe them. */
  readonly headers: Headers;
  readonly endpoint: Endpoint;
  readonly body: JsonObject;
}

/** Chooses the policy for a request; null asks for nothing, and an engine that marks by default still does. */
export type ChoosePolicy = (request: GatewayRequest) => Policy | null | Promise<Policy | null>;

/** Why an answer is not marked. */
export type SkipReason =
  /** No policy for this request. */
  | "policy"
  | "machine-to-machine"
  | "tools"
  | "structured-output"
  | "short"
  /** The request does not sample, and the mark lives in sampling. */
  | "greedy"
  /** This endpoint of the upstream has no way to mark. */
  | "endpoint"
  /** Failed open: the policy could not be chosen. */
  | "policy-failed";

/**
 * Why this request is not to be marked under this policy, or null. Only fields that the upstream follows count: one that
 * it ignores would be an opt-out.
 */
export function skipReason(
  policy: Policy,
  body: JsonObject,
  endpoint: Endpoint,
): Exclude<SkipReason, "policy" | "endpoint" | "policy-failed"> | null {
  const { mark } = policy;
  const fields = endpoint === "generate" ? nestedFields(body) : body;
  if (policy.machineToMachine === true) return "machine-to-machine";
  if (policy.markTools !== true && asksForTools(body, endpoint)) return "tools";
  if (policy.markStructured !== true && isStructured(fields, mark, endpoint)) {
    return "structured-output";
  }
  if (tokenLimit(fields, endpoint) < (policy.fewestTokens ?? 0)) return "short";
  return mark.needsSampling && (fields.temperature === 0 || fields.top_k === 1) ? "greedy" : null;
}

/** The objects that hold the parameters of TGI's and SGLang's /generate. */
function nestedFields({ parameters, sampling_params: sampling }: JsonObject): JsonObject {
  return [parameters, sampling].find(isObject) ?? {};
}

function asksForTools({ tools, tool_choice: choice }: JsonObject, endpoint: Endpoint): boolean {
  const takesTools = endpoint === "chat" || endpoint === "responses";
  return takesTools && listOf(tools).length > 0 && choice !== "none";
}

function isStructured(fields: JsonObject, mark: UpstreamMark, endpoint: Endpoint): boolean {
  const text = endpoint === "responses" && isObject(fields.text) ? fields.text.format : null;
  const format = endpoint === "responses" ? text : fields.response_format;
  if (isObject(format) && format.type !== "text") return true;
  return mark.grammarFields.some((name) => (fields[name] ?? null) !== null);
}

/** Where more than one field limits the answer, an upstream may follow either: the larger counts. */
const LIMITS: Readonly<Record<Endpoint, readonly string[]>> = {
  chat: ["max_completion_tokens", "max_tokens"],
  completions: ["max_tokens"],
  responses: ["max_output_tokens"],
  generate: ["max_new_tokens"],
};

function tokenLimit(fields: JsonObject, endpoint: Endpoint): number {
  const given = LIMITS[endpoint].map((name) => fields[name]);
  const limits = given.filter((limit) => typeof limit === "number");
  return limits.length === 0 ? Infinity : Math.max(...limits);
}
