import type {
  LanguageModelV4CallOptions,
  LanguageModelV4Middleware,
  LanguageModelV4StreamPart,
  SharedV4ProviderOptions,
} from "@ai-sdk/provider";
import type { JsonObject } from "../json.js";
import { withoutSwitches } from "../marks/mark.js";
import { type Policy, skipReason } from "../policy.js";
import { type Ended, type MarkStatus, type Started, statusLabel } from "../record.js";
import { type RecordOptions, Recorder } from "../recorder.js";
import { Transcript } from "../stream/transcript.js";

/** How the middleware marks and records; a failure of the sink throws where `failure` is `closed`. */
export interface AiSdkWatermarkOptions extends RecordOptions {
  /** Wrap a model for each tenant. */
  readonly policy: Policy;
}

/** What the middleware sets in `providerMetadata.verdigris`. */
type Metadata = Record<"profile" | "status" | "record", string>;

type Call = { readonly params: LanguageModelV4CallOptions; readonly model: Model };
type Model = { readonly provider: string; readonly modelId: string };

/**
 * Middleware of the AI SDK (`wrapLanguageModel`). It asks for the mark through `providerOptions`, which reach the request's
 * body with `@ai-sdk/openai-compatible`; a provider that drops what it does not know needs `fetch: watermarkFetch(…)`
 * instead. Results carry `providerMetadata.verdigris`: profile, status and record.
 */
export function aiSdkWatermark(options: AiSdkWatermarkOptions): LanguageModelV4Middleware {
  const { policy } = options;
  const recorder = new Recorder(options);
  return {
    specificationVersion: "v4",
    transformParams: async ({ params, model }) => planOf({ params, model }, policy).params,
    async wrapGenerate({ doGenerate, params, model }) {
      const answer = await begin({ params, model }, policy, recorder);
      const result = await answer.failing(doGenerate);
      for (const part of result.content) if (part.type === "text") answer.text(part.text);
      answer.id(result.response?.id);
      answer.tokens(result.usage.outputTokens.total, result.finishReason.unified);
      answer.end("complete");
      const { providerMetadata } = result;
      return { ...result, providerMetadata: { ...providerMetadata, verdigris: answer.metadata } };
    },
    async wrapStream({ doStream, params, model }) {
      const answer = await begin({ params, model }, policy, recorder);
      const { stream, ...rest } = await answer.failing(doStream);
      return { ...rest, stream: stream.pipeThrough(tapOf(answer)) };
    },
  };
}

/** Passes the parts on as they are, but for the metadata of the last. */
function tapOf(
  answer: Answer,
): TransformStream<LanguageModelV4StreamPart, LanguageModelV4StreamPart> {
  let outcome: "complete" | "cut" = "complete";
  return new TransformStream({
    transform(part, controller) {
      if (part.type === "text-delta") answer.text(part.delta);
      if (part.type === "response-metadata") answer.id(part.id);
      if (part.type === "error") outcome = "cut";
      if (part.type !== "finish") {
        controller.enqueue(part);
        return;
      }
      answer.tokens(part.usage.outputTokens.total, part.finishReason.unified);
      const { providerMetadata } = part;
      const labelled = { ...providerMetadata, verdigris: answer.metadata };
      controller.enqueue({ ...part, providerMetadata: labelled });
    },
    flush: () => answer.end(outcome),
    cancel: () => answer.end("cut"),
  });
}

interface Plan {
  readonly status: MarkStatus;
  readonly params: LanguageModelV4CallOptions;
}

/** The same for parameters that were planned before: the middleware sees them twice. */
function planOf({ params, model }: Call, policy: Policy): Plan {
  const given = Object.entries(params.providerOptions ?? {});
  const clean = Object.fromEntries(given.map(([name, own]) => [name, withoutSwitches(own)]));
  const provider = model.provider.split(".")[0];
  // The provider reads both spellings of its name, this one last.
  const name = provider.replaceAll(/[-_]+(\w)/g, (_match, letter: string) => letter.toUpperCase());
  const own: JsonObject = { ...clean[provider], ...clean[name] };
  const plan = (status: MarkStatus, fields: JsonObject): Plan => ({
    status,
    params: {
      ...params,
      providerOptions: { ...clean, [name]: fields } as SharedV4ProviderOptions,
    },
  });
  const reason = skipReason(policy, { ...own, ...asBody(params) }, "chat");
  if (reason !== null && reason !== "greedy") {
    return plan({ kind: "skipped", reason }, policy.mark.off(own, "chat"));
  }
  const marked = policy.mark.on(own, "chat");
  if (marked === null) return plan({ kind: "skipped", reason: "endpoint" }, own);
  return plan(reason === null ? { kind: "applied" } : { kind: "skipped", reason }, marked);
}

/** What the policy looks at, in the words of the API. */
function asBody(params: LanguageModelV4CallOptions): JsonObject {
  const { tools, toolChoice, responseFormat, maxOutputTokens, temperature, topK } = params;
  const isJson = responseFormat?.type === "json";
  return {
    tools: tools ?? [],
    tool_choice: toolChoice?.type ?? "auto",
    response_format: isJson ? { type: "json_schema" } : null,
    max_tokens: maxOutputTokens ?? null,
    temperature: temperature ?? null,
    top_k: topK ?? null,
  };
}

async function begin(call: Call, policy: Policy, recorder: Recorder): Promise<Answer> {
  const { status } = planOf(call, policy);
  const start = await recorder.begin({
    endpoint: "chat",
    model: call.model.modelId,
    status,
    tenant: policy.tenant ?? null,
    profile: policy.profile,
    keyId: policy.keyId,
  });
  return new Answer(start, { profile: policy.profile.id, recorder });
}

/** One answer on its way. */
class Answer {
  readonly metadata: Metadata;
  readonly #transcript = new Transcript();
  readonly #end: (outcome: Ended["outcome"]) => void;

  constructor(
    start: Started,
    { profile, recorder }: { readonly profile: string; readonly recorder: Recorder },
  ) {
    this.metadata = { profile, status: statusLabel(start.status), record: start.record };
    this.#end = (outcome) =>
      recorder.end(start, {
        outcome,
        httpStatus: null,
        upstreamId: this.#transcript.id,
        completionTokens: this.#transcript.completionTokens,
        choices: this.#transcript.choices(),
      });
  }

  /** Runs the call; records it if it fails. */
  async failing<Result>(call: () => PromiseLike<Result>): Promise<Result> {
    try {
      return await call();
    } catch (error) {
      this.#end("failed");
      throw error;
    }
  }

  text(text: string): void {
    this.#add({ text });
  }

  id(id: string | undefined): void {
    this.#transcript.add({ id: id ?? null, deltas: [], completionTokens: null });
  }

  tokens(completionTokens: number | undefined, finishReason: string): void {
    this.#add({ finishReason }, completionTokens ?? null);
  }

  end(outcome: Ended["outcome"]): void {
    this.#end(outcome);
  }

  #add(
    part: { readonly text?: string; readonly finishReason?: string },
    completionTokens: number | null = null,
  ): void {
    const { text = "", finishReason = null } = part;
    const delta = { choice: 0, text, tokenIds: null, finishReason };
    this.#transcript.add({ id: null, deltas: [delta], completionTokens });
  }
}
