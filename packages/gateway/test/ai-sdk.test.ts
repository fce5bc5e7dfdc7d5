import { createHash } from "node:crypto";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, jsonSchema, streamText, tool, wrapLanguageModel } from "ai";
import { afterEach, describe, expect, it } from "vitest";
import { aiSdkWatermark } from "../src/adapters/ai-sdk.js";
import { MemorySink, POLICY, gateway } from "./setup.js";
import { type Handler, type Upstream, chunk, events, speaking, startUpstream } from "./upstream.js";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
// The SDK prints that one of the spellings below is old.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });
const started: Upstream[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.close()));
});

/** A model of the SDK's own provider before an upstream, wrapped. */
async function wrapped(handler: Handler, sink: { write(): never } | MemorySink = new MemorySink()) {
  const upstream = await startUpstream(handler);
  started.push(upstream);
  const provider = createOpenAICompatible({ name: "my-engine", baseURL: `${upstream.url}/v1` });
  const middleware = aiSdkWatermark({
    policy: POLICY,
    sink,
    failure: "closed",
    newId: () => "a1",
    now: () => 0,
  });
  const model = wrapLanguageModel({ model: provider("toy"), middleware });
  return { model, upstream, sink: sink as MemorySink };
}

const OFF = { watermarking: false };

describe("aiSdkWatermark", () => {
  it("marks, labels and records generateText, whatever the caller asks of the engine", async () => {
    const { model, upstream, sink } = await wrapped(speaking("Grün", "span"));
    const providerOptions = { "my-engine": { ...OFF, mine: 1 }, myEngine: OFF };
    const { text, providerMetadata } = await generateText({ model, prompt: "Hi", providerOptions });
    expect(text).toBe("Grünspan");
    expect(upstream.received[0].body).toMatchObject({ watermarking: true, mine: 1, model: "toy" });
    const label = { profile: "vllm-gumbel", status: "applied", record: "a1" };
    expect(providerMetadata?.verdigris).toEqual(label);
    expect(sink.started).toMatchObject([
      { record: "a1", tenant: "acme", model: "toy", status: { kind: "applied" } },
    ]);
    expect(sink.ended).toEqual([
      {
        kind: "ended",
        record: "a1",
        at: 0,
        outcome: "complete",
        httpStatus: null,
        upstreamId: "chatcmpl-1",
        completionTokens: 7,
        choices: [{ index: 0, textSha256: sha256("Grünspan"), tokens: 7, finishReason: "stop" }],
      },
    ]);
  });

  it("marks, labels and records streamText", async () => {
    const { model, upstream, sink } = await wrapped(speaking("Grün", "span", " 🌿"));
    const result = streamText({ model, prompt: "Hi" });
    let text = "";
    for await (const part of result.textStream) text += part;
    expect(text).toBe("Grünspan 🌿");
    expect(upstream.received[0].body).toMatchObject({ watermarking: true, stream: true });
    expect((await result.providerMetadata)?.verdigris).toMatchObject({
      status: "applied",
      record: "a1",
    });
    expect(sink.ended).toMatchObject([
      {
        outcome: "complete",
        upstreamId: "chatcmpl-1",
        choices: [{ textSha256: sha256(text), finishReason: "stop" }],
      },
    ]);
  });

  it("declines for tools and says so; asks in vain where nothing is sampled", async () => {
    const { model, upstream } = await wrapped(speaking("a"));
    const tools = {
      f: tool({ inputSchema: jsonSchema<object>({ type: "object" }), execute: () => "" }),
    };
    const skipped = await generateText({ model, prompt: "Hi", tools });
    expect(skipped.providerMetadata?.verdigris).toMatchObject({ status: "skipped;reason=tools" });
    const greedy = await generateText({ model, prompt: "Hi", temperature: 0 });
    expect(greedy.providerMetadata?.verdigris).toMatchObject({ status: "skipped;reason=greedy" });
    expect(upstream.received.map(({ body }) => body.watermarking)).toEqual([false, true]);
  });

  it("records a stream that the upstream breaks off, and one that the caller aborts, as cut", async () => {
    const broken = await wrapped((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(events([chunk("half")]), () => response.destroy());
    });
    const half = streamText({ model: broken.model, prompt: "Hi", onError: () => {} });
    const read = async (): Promise<void> => {
      for await (const part of half.textStream) expect(part).toBe("half");
    };
    await expect(read()).rejects.toThrow("Failed to process successful response");
    expect(broken.sink.ended).toMatchObject([
      { outcome: "cut", choices: [{ textSha256: sha256("half") }] },
    ]);

    const stalling = await wrapped((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(events([chunk("first")]));
    });
    const abort = new AbortController();
    const first = streamText({
      model: stalling.model,
      prompt: "Hi",
      abortSignal: abort.signal,
      onError: () => {},
    });
    for await (const part of first.textStream) {
      expect(part).toBe("first");
      abort.abort();
    }
    await expect.poll(() => stalling.sink.ended).toMatchObject([{ outcome: "cut" }]);
    await expect.poll(() => stalling.upstream.aborted).toBe(1);
  });

  it("records a call that fails, and does not call where the record fails", async () => {
    const failing = await wrapped((_request, response) => {
      response.writeHead(500, { "content-type": "application/json" });
      response.end('{"error":{"message":"no"}}');
    });
    await expect(
      generateText({ model: failing.model, prompt: "Hi", maxRetries: 0 }),
    ).rejects.toThrow("no");
    expect(failing.sink.ended).toMatchObject([{ outcome: "failed", choices: [] }]);

    const sink = {
      write(): never {
        throw new Error("disk full");
      },
    };
    const closed = await wrapped(speaking("a"), sink);
    await expect(
      generateText({ model: closed.model, prompt: "Hi", maxRetries: 0 }),
    ).rejects.toThrow(/^the answer cannot be marked/);
    expect(closed.upstream.received).toEqual([]);
  });
});

it("watermarkFetch does the same under the provider's own fetch", async () => {
  const upstream = await startUpstream(speaking("Grün", "span"));
  started.push(upstream);
  const { fetch, sink } = gateway();
  const provider = createOpenAICompatible({ name: "e", baseURL: `${upstream.url}/v1`, fetch });
  const { textStream } = streamText({ model: provider("toy"), prompt: "Hi" });
  let text = "";
  for await (const part of textStream) text += part;
  expect(text).toBe("Grünspan");
  expect(upstream.received[0].body.watermarking).toBe(true);
  await expect
    .poll(() => sink.ended)
    .toMatchObject([{ outcome: "complete", choices: [{ textSha256: sha256(text) }] }]);
});
