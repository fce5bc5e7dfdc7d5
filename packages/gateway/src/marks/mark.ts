import { type JsonObject, isObject } from "../json.js";

/** What a request asks an upstream to write, by the interface it uses. */
export type Endpoint = "chat" | "completions" | "responses" | "generate";

/** How an upstream is made to mark. A new one is one file. */
export interface UpstreamMark {
  readonly name: string;
  /** Whether an answer without sampling (temperature 0, top-k 1) goes unmarked. */
  readonly needsSampling: boolean;
  /** Fields that make this upstream follow a grammar, beside `response_format`. */
  readonly grammarFields: readonly string[];
  /**
   * The body with the mark asked for; null if this endpoint of the upstream cannot mark.
   * @throws RequestError for a body that leaves the mark no room
   */
  on(body: JsonObject, endpoint: Endpoint): JsonObject | null;
  /** The body with the mark declined, in so many words where the upstream marks unless told not to. */
  off(body: JsonObject, endpoint: Endpoint): JsonObject;
}

/** The engines' own switches: vLLM's `watermarking`; SGLang's and TGI's `watermark`. */
const SWITCHES: ReadonlySet<string> = new Set(["watermarking", "watermark"]);
/** Objects of a body whose fields some engine or router reads as the body's own. */
const NESTED: ReadonlySet<string> = new Set(
  "parameters sampling_params extra_body vllm_xargs extra_args custom_params".split(" "),
);

/** The body without any engine's switch: whether an answer is marked is never for the client to say. */
export function withoutSwitches(body: JsonObject): JsonObject {
  const entries = Object.entries(body).filter(([name]) => !SWITCHES.has(name));
  return Object.fromEntries(
    entries.map(([name, value]) =>
      NESTED.has(name) && isObject(value) ? [name, withoutSwitches(value)] : [name, value],
    ),
  );
}
