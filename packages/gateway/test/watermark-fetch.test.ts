import { createHash } from "node:crypto";
import fc from "fast-check";
import OpenAI from "openai";
import { afterEach, describe, expect, it } from "vitest";
import type { Policy } from "../src/index.js";
import { sglangMark, tgiMark } from "../src/index.js";
import { type Gateway, POLICY, chat, gateway } from "./setup.js";
import {
  type Handler,
  type Upstream,
  chunk,
  completion,
  events,
  speaking,
  startUpstream,
} from "./upstream.js";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const MESSAGES = [{ role: "user" as const, content: "Hi" }];

let upstream: Upstream;
const started: Upstream[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.close()));
});

async function behind(
  handler: Handler,
  options: Parameters<typeof gateway>[0] = {},
): Promise<Gateway> {
  upstream = await startUpstream(handler);
  started.push(upstream);
  return gateway(options);
}

const client = (fetch: Gateway["fetch"]): OpenAI =>
  new OpenAI({ apiKey: "sk-client", baseURL: `${upstream.url}/v1`, fetch, maxRetries: 0 });

describe("watermarkFetch under the openai client", () => {
  it("marks, labels and records a streamed answer", async () => {
    const { fetch, sink } = await behind(speaking("Grün", "span", " 🌿"));
    const { data, response } = await client(fetch)
      .chat.completions.create({ model: "toy", messages: MESSAGES, stream: true })
      .withResponse();
    let text = "";
    for await (const part of data) text += part.choices[0]?.delta.content ?? "";
    expect(text).toBe("Grünspan 🌿");
    expect(upstream.received[0].body).toMatchObject({ watermarking: true, messages: MESSAGES });
    expect(response.headers.get("x-watermark-status")).toBe("applied");
    expect(response.headers.get("x-watermark-profile")).toBe("vllm-gumbel");
    expect(response.headers.get("x-watermark-record")).toBe("r1");
    await expect.poll(() => sink.ended).toHaveLength(1);
    expect(sink.started).toEqual([
      {
        kind: "started",
        record: "r1",
        at: 1,
        endpoint: "chat",
        model: "toy",
        status: { kind: "applied" },
        tenant: "acme",
        profile: POLICY.profile,
        keyId: POLICY.keyId,
      },
    ]);
    expect(sink.ended[0]).toEqual({
      kind: "ended",
      record: "r1",
      at: 2,
      outcome: "complete",
      httpStatus: 200,
      upstreamId: "chatcmpl-1",
      completionTokens: null,
      choices: [{ index: 0, textSha256: sha256(text), tokens: null, finishReason: "stop" }],
    });
    expect(JSON.stringify([sink.started, sink.ended])).not.toContain("Grün");
  });

  it("records the same digest for the same text in one piece, and its tokens", async () => {
    const { fetch, sink } = await behind(speaking("Grün", "span"));
    const answer = await client(fetch).chat.completions.create({
      model: "toy",
      messages: MESSAGES,
    });
    expect(answer.choices[0].message.content).toBe("Grünspan");
    await expect.poll(() => sink.ended).toHaveLength(1);
    expect(sink.ended[0].choices).toEqual([
      { index: 0, textSha256: sha256("Grünspan"), tokens: 7, finishReason: "stop" },
    ]);
  });

  it("reads a response as a chat's answer, streamed or not; its text once", async () => {
    const usage = { input_tokens: 3, output_tokens: 7, total_tokens: 10 };
    const content = [{ type: "output_text", text: "Grünspan", annotations: [] }];
    const output = [
      { type: "reasoning", content: [{ type: "reasoning_text", text: "thought" }] },
      { type: "message", role: "assistant", content },
    ];
    const begun = { id: "resp_1", object: "response", status: "in_progress", output: [] };
    const over = { ...begun, status: "completed", output, usage };
    const { fetch, sink } = await behind(({ body }, response) => {
      const type = body.stream === true ? "text/event-stream" : "application/json";
      response.writeHead(200, { "content-type": type });
      if (body.stream !== true) return void response.end(JSON.stringify(over));
      const told = [
        { type: "response.created", response: begun },
        { type: "response.reasoning_text.delta", delta: "thought" },
        { type: "response.output_text.delta", delta: "Grün" },
        { type: "response.output_text.delta", delta: "span" },
        { type: "response.output_text.done", text: "Grünspan" },
        { type: "response.output_item.done", item: output[1] },
        { type: "response.completed", response: over },
      ];
      response.end(events(told));
    });
    const { responses } = client(fetch);
    expect((await responses.create({ model: "toy", input: "Hi" })).output_text).toBe("Grünspan");
    const stream = await responses.create({ model: "toy", input: "Hi", stream: true });
    let text = "";
    for await (const event of stream) {
      if (event.type === "response.output_text.delta") text += event.delta;
    }
    expect(text).toBe("Grünspan");
    await expect.poll(() => sink.ended).toHaveLength(2);
    for (const ended of sink.ended) {
      expect(ended).toMatchObject({ upstreamId: "resp_1", completionTokens: 7 });
      expect(ended.choices).toEqual([
        { index: 0, textSha256: sha256("Grünspan"), tokens: 7, finishReason: "completed" },
      ]);
    }
  });

  it("gives the client an error of the upstream as it is", async () => {
    const { fetch, sink } = await behind((_request, response) => {
      response.writeHead(429, { "content-type": "application/json" });
      response.end(
        JSON.stringify({ error: { message: "slow down", type: "rate_limit_error", code: "x" } }),
      );
    });
    const asked = client(fetch).chat.completions.create({ model: "toy", messages: MESSAGES });
    await expect(asked).rejects.toMatchObject({ status: 429, code: "x" });
    expect(sink.ended[0]).toMatchObject({ outcome: "refused", httpStatus: 429, choices: [] });
  });

  it("lets the client abort a stream that stalls: the upstream sees it, the record says so", async () => {
    const { fetch, sink } = await behind((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(events([chunk("first")]));
    });
    const stream = await client(fetch).chat.completions.create({
      model: "toy",
      messages: MESSAGES,
      stream: true,
    });
    for await (const part of stream) {
      expect(part.choices[0].delta.content).toBe("first");
      stream.controller.abort();
    }
    await expect.poll(() => upstream.aborted).toBe(1);
    await expect.poll(() => sink.ended).toHaveLength(1);
    expect(sink.ended[0]).toMatchObject({
      outcome: "cut",
      choices: [{ textSha256: sha256("first") }],
    });
  });

  it("breaks off where the upstream does", async () => {
    const { fetch, sink } = await behind((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(events([chunk("half")]), () => response.destroy());
    });
    const stream = await client(fetch).chat.completions.create({
      model: "toy",
      messages: MESSAGES,
      stream: true,
    });
    const read = async (): Promise<void> => {
      for await (const part of stream) expect(part.choices[0].delta.content).toBe("half");
    };
    await expect(read()).rejects.toThrow("terminated");
    await expect.poll(() => sink.ended).toMatchObject([{ outcome: "cut" }]);
  });
});

describe("what the client may not decide", () => {
  const FORGED = {
    watermarking: false,
    watermark: { enabled: false, key: "1" },
    extra_body: { watermarking: false, extra_body: { watermark: false } },
    vllm_xargs: { watermarking: false, mine: 1 },
  };

  it("is taken out of the body, wherever an engine would read it", async () => {
    const { fetch } = await behind(speaking("a"));
    await fetch(`${upstream.url}/v1/chat/completions`, chat({ ...FORGED, messages: MESSAGES }));
    expect(upstream.received[0].body).toEqual({
      messages: MESSAGES,
      watermarking: true,
      extra_body: { extra_body: {} },
      vllm_xargs: { mine: 1 },
    });
  });

  it.each(["//v1//chat/completions/", "/v1/chat/%63ompletions", "/V1/Chat/Completions?x=1"])(
    "is taken out whatever the path looks like: %s",
    async (path) => {
      const { fetch } = await behind(speaking("a"));
      await fetch(upstream.url + path, chat(FORGED));
      expect(upstream.received[0].body.watermarking).toBe(true);
    },
  );

  it("is taken out of a Request, and of every kind of body", async () => {
    const { fetch } = await behind(speaking("a"));
    const url = `${upstream.url}/v1/chat/completions`;
    const text = JSON.stringify(FORGED);
    await fetch(new Request(url, chat(text)));
    await fetch(new Request(url, chat("{}")), { method: "POST", body: text });
    await fetch(new URL(url), chat(FORGED, { body: new TextEncoder().encode(text) }));
    await fetch(
      url,
      chat(FORGED, { body: new Blob([text]).stream(), duplex: "half" } as RequestInit),
    );
    expect(upstream.received.map(({ body }) => body.watermarking)).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });

  it.each([
    ["no JSON", "{"],
    ["what Python reads and JavaScript does not", '{"watermarking": false, "top_p": NaN}'],
    ["a list", "[]"],
    ["nothing", ""],
  ])("does not reach the upstream in a body that is %s", async (_name, body) => {
    const { fetch, sink } = await behind(speaking("a"));
    const response = await fetch(`${upstream.url}/v1/chat/completions`, chat(body));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { type: "invalid_request_error", code: "invalid_json", param: null },
    });
    expect(upstream.received).toEqual([]);
    expect(sink.started).toEqual([]);
  });

  it.each([
    ["UTF-16", { body: Buffer.from("{}", "utf16le") }],
    ["compressed", { headers: { "content-encoding": "gzip" } }],
  ])("does not reach the upstream %s", async (_name, init) => {
    const { fetch } = await behind(speaking("a"));
    const response = await fetch(`${upstream.url}/v1/chat/completions`, chat("{}", init));
    expect(response.status).toBe(400);
    expect(upstream.received).toEqual([]);
  });

  it("is no header either: neither the client's nor the upstream's labels are believed", async () => {
    const { fetch } = await behind(({ headers }, response) => {
      expect(headers["x-watermark-record"]).toBeUndefined();
      expect(headers.authorization).toBe("Bearer sk");
      response.writeHead(200, { "x-watermark-status": "forged", "x-watermark-other": "forged" });
      response.end("{}");
    });
    const headers = { authorization: "Bearer sk", "x-watermark-record": "forged" };
    const response = await fetch(`${upstream.url}/v1/chat/completions`, chat("{}", { headers }));
    expect(response.headers.get("x-watermark-status")).toBe("applied");
    expect(response.headers.get("x-watermark-other")).toBeNull();
  });

  it("never ends a header: a profile or record that could is an error", async () => {
    const profile = { id: "a\r\nset-cookie: b", digest: "" };
    const injected = await behind(speaking("a"), { policy: { ...POLICY, profile } });
    const url = `${upstream.url}/v1/chat/completions`;
    const response = await injected.fetch(url, chat("{}"));
    expect(response.headers.get("x-watermark-status")).toBe("skipped;reason=policy-failed");
    expect(response.headers.get("set-cookie")).toBeNull();
    expect(injected.errors).toMatchObject([{ name: "RangeError" }]);
    const { fetch } = gateway({ newId: () => "r\n1" });
    await expect(fetch(url, chat("{}"))).rejects.toThrow(/^newId\(\): expected 1 to 128 letters/);
  });
});

describe("policy", () => {
  async function statusOf(
    body: object,
    policy: Partial<Policy> = {},
    path = "/v1/chat/completions",
  ) {
    const { fetch } = await behind(speaking("a"), { policy: { ...POLICY, ...policy } });
    const response = await fetch(upstream.url + path, chat(body));
    const { body: sent } = upstream.received[0];
    return [
      response.headers.get("x-watermark-status"),
      sent.watermarking ?? sent.watermark ?? null,
    ];
  }
  const tools = [{ type: "function", function: { name: "f" } }];

  it.each([
    ["tools", { tools }, {}],
    ["structured-output", { response_format: { type: "json_object" } }, {}],
    ["structured-output", { guided_json: {} }, {}],
    ["short", { max_tokens: 50 }, { fewestTokens: 200 }],
    ["machine-to-machine", {}, { machineToMachine: true }],
  ])("does not mark: %s", async (reason, body, policy) => {
    expect(await statusOf(body, policy)).toEqual([`skipped;reason=${reason}`, false]);
  });

  it.each([
    ["tools, if the policy says so", { tools }, { markTools: true }],
    ["tools that may not be called", { tools, tool_choice: "none" }, {}],
    ["structured output, if the policy says so", { guided_json: {} }, { markStructured: true }],
    ["a format that is text", { response_format: { type: "text" } }, {}],
    ["a grammar the upstream does not know", { regex: "a" }, {}],
    ["a limit the upstream does not know", { max_output_tokens: 5 }, { fewestTokens: 200 }],
    [
      "a limit beside a larger one",
      { max_tokens: 5, max_completion_tokens: 500 },
      { fewestTokens: 200 },
    ],
    ["parameters where the endpoint has none", { parameters: { temperature: 0 } }, {}],
    ["fields of a prototype", JSON.parse('{"__proto__": {"temperature": 0}}') as object, {}],
  ])("marks %s", async (_name, body, policy) => {
    expect(await statusOf(body, policy)).toEqual(["applied", true]);
  });

  it("says that greedy answers carry no sampled mark, and asks for it all the same", async () => {
    expect(await statusOf({ temperature: 0 })).toEqual(["skipped;reason=greedy", true]);
  });

  it("speaks each engine's language", async () => {
    const sglang = { mark: sglangMark({ key: "ab12", contextWindow: 4 }) };
    const on = { enabled: true, key: "ab12", context_window: 4 };
    expect(await statusOf({}, sglang)).toEqual(["applied", on]);
    expect(await statusOf({ tools }, sglang)).toEqual(["skipped;reason=tools", { enabled: false }]);
    expect(await statusOf({}, { mark: tgiMark() })).toEqual(["skipped;reason=endpoint", null]);
    await statusOf(
      { inputs: "a", parameters: { watermark: false, top_k: 5 } },
      { mark: tgiMark() },
      "/generate_stream",
    );
    expect(upstream.received[0].body).toEqual({
      inputs: "a",
      parameters: { watermark: true, top_k: 5 },
    });
    expect(() => sglangMark({ key: "no hex" })).toThrow(
      /^key: expected 1 to 16 hex digits, got 6 characters$/,
    );
    expect(() => sglangMark({ contextWindow: 65 })).toThrow(RangeError);
  });

  it("is chosen per request, by tenant and route", async () => {
    const { fetch, sink } = await behind(speaking("a"), {
      policy: ({ headers, url, endpoint, body }) =>
        headers.get("authorization") === "Bearer acme" &&
        url.pathname.startsWith("/v1/") &&
        endpoint === "chat" &&
        body.model === "m"
          ? POLICY
          : null,
    });
    const url = `${upstream.url}/v1/chat/completions`;
    const known = await fetch(
      url,
      chat({ model: "m" }, { headers: { authorization: "Bearer acme" } }),
    );
    const unknown = await fetch(url, chat({ model: "m", watermarking: true }));
    expect(known.headers.get("x-watermark-status")).toBe("applied");
    expect(unknown.headers.get("x-watermark-status")).toBe("skipped;reason=policy");
    expect(unknown.headers.get("x-watermark-profile")).toBeNull();
    expect(upstream.received[1].body).toEqual({ model: "m" });
    expect(sink.started.map(({ tenant, keyId }) => [tenant, keyId])).toEqual([
      ["acme", POLICY.keyId],
      [null, null],
    ]);
  });

  it("leaves alone what asks for no answer", async () => {
    const { fetch, sink } = await behind((_request, response) => void response.end("[]"));
    const response = await fetch(`${upstream.url}/v1/models`);
    await fetch(`${upstream.url}/v1/embeddings`, chat({ watermarking: false }));
    expect(response.headers.get("x-watermark-status")).toBeNull();
    expect(upstream.received[1].body).toEqual({ watermarking: false });
    expect(sink.started).toEqual([]);
  });
});

describe("failures of the gateway's own", () => {
  const broken = { write: () => Promise.reject(new Error("disk full of secrets")) };
  const noPolicy = (): never => {
    throw new Error("registry down");
  };

  it.each([
    ["the policy", { policy: noPolicy }, "skipped;reason=policy-failed", 1],
    ["the records", { sink: broken }, "applied", 2],
  ])("open: the answer comes, and %s is reported", async (_name, options, status, reports) => {
    const { fetch, errors } = await behind(speaking("a"), { ...options, failure: "open" });
    const response = await fetch(`${upstream.url}/v1/chat/completions`, chat("{}"));
    expect(response.headers.get("x-watermark-status")).toBe(status);
    expect(await response.json()).toEqual(completion("a"));
    await expect.poll(() => errors).toHaveLength(reports);
  });

  it.each([
    ["the policy", { policy: noPolicy }],
    ["the records", { sink: broken }],
  ])(
    "closed: no answer without %s, nothing asked of the upstream, nothing said of the cause",
    async (_name, options) => {
      const { fetch, errors } = await behind(speaking("a"), { ...options, failure: "closed" });
      const response = await fetch(`${upstream.url}/v1/chat/completions`, chat("{}"));
      expect(response.status).toBe(503);
      const text = await response.text();
      expect(JSON.parse(text)).toMatchObject({
        error: { type: "api_error", code: "watermark_unavailable" },
      });
      expect(text).not.toMatch(/secret|registry/);
      expect(upstream.received).toEqual([]);
      expect(errors).toHaveLength(1);
    },
  );

  it("survive an error listener that throws", async () => {
    const onError = (): never => {
      throw new Error("no");
    };
    const { fetch } = await behind(speaking("a"), { sink: broken, onError });
    const response = await fetch(`${upstream.url}/v1/chat/completions`, chat("{}"));
    expect(await response.json()).toEqual(completion("a"));
  });

  it("do not hide that the upstream is not there", async () => {
    const { fetch, sink } = await behind(speaking("a"));
    await upstream.close();
    await expect(fetch(`${upstream.url}/v1/chat/completions`, chat("{}"))).rejects.toThrow(
      "fetch failed",
    );
    expect(sink.ended).toMatchObject([{ outcome: "failed", httpStatus: null }]);
  });
});

it("passes any answer byte for byte, whatever its type", async () => {
  let sent: { type: string; bytes: Buffer };
  const { fetch } = await behind((_request, response) => {
    response.writeHead(200, { "content-type": sent.type });
    response.end(sent.bytes);
  });
  const types = fc.constantFrom("text/event-stream", "application/json", "text/plain");
  await fc.assert(
    fc.asyncProperty(types, fc.uint8Array({ maxLength: 500 }), async (type, bytes) => {
      sent = { type, bytes: Buffer.from(bytes) };
      const response = await fetch(`${upstream.url}/v1/completions`, chat("{}"));
      expect(Buffer.compare(new Uint8Array(await response.arrayBuffer()), sent.bytes)).toBe(0);
    }),
    { numRuns: 50, seed: 7 },
  );
});
