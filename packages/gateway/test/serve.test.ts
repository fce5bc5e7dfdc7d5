import { fileURLToPath } from "node:url";
import { Key, bindScheme, coinsOf } from "@verdigris/core";
import { lehmer, testProfile } from "@verdigris/core/testing";
import { readTokenizer } from "@verdigris/text";
import fc from "fast-check";
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import type { Ended, Started } from "../src/index.js";
import {
  type ModelServer,
  type ModelServerOptions,
  type Tenant,
  createModelServer,
  fixedTenants,
} from "../src/serve/index.js";
import { TextStream } from "../src/serve/text-stream.js";
import { END, type ToyModel, V, toyModel } from "./toy-model.js";

const keyOf = (n: number): Key => Key.fromBytes(new Uint8Array(32).fill(n));
const sha = async (text: string): Promise<string> =>
  Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(text))).toString("hex");
const profile = testProfile({ V, h: 1, parameters: { gamma: 0.25, delta: 4 } });
const tenant = (name: string, n: number, more: Partial<Tenant> = {}): Tenant => ({
  name,
  profile,
  digest: "d".repeat(64),
  key: keyOf(n),
  ...more,
});
const TENANTS = await Promise.all(
  [
    tenant("acme", 1),
    tenant("globex", 2),
    tenant("robots", 3, { machineToMachine: true }),
    tenant("brief", 4, { fewestTokens: 100 }),
  ].map(async (one) => ({ ...one, apiKeySha256: await sha(`sk-${one.name}`) })),
);

interface Serving extends ModelServer {
  readonly model: ToyModel;
  readonly records: (Started | Ended)[];
  readonly errors: unknown[];
}

function serving(options: Partial<ModelServerOptions> & { model?: ToyModel } = {}): Serving {
  const model = options.model ?? toyModel();
  const [records, errors] = [[] as (Started | Ended)[], [] as unknown[]];
  let ids = 0;
  const server = createModelServer({
    modelId: "toy",
    resolveTenant: fixedTenants(TENANTS),
    random: (seed) => lehmer(seed ?? 99),
    sink: { write: (entry) => void records.push(entry) },
    failure: "closed",
    newId: () => `r${++ids}`,
    now: () => 5_000,
    onError: (error) => errors.push(error),
    ...options,
    model,
  });
  return { ...server, model, records, errors };
}

const messages = [{ role: "user" as const, content: "Write." }];
const usual = { model: "toy", messages, max_tokens: 40, seed: 1 };

function post(
  body: unknown,
  {
    path = "chat/completions",
    key = "sk-acme",
    headers = {},
    signal,
  }: {
    path?: string;
    key?: string;
    headers?: Record<string, string>;
    signal?: AbortSignal;
  } = {},
): Request {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return new Request(`http://serve/v1/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, ...headers },
    body: text,
    ...(signal === undefined ? {} : { signal }),
  });
}

interface Json {
  readonly choices: readonly {
    readonly message: { readonly content: string };
    readonly logprobs: { readonly content: readonly { readonly top_logprobs: unknown }[] };
    readonly token_ids?: readonly number[];
  }[];
  readonly usage: { readonly completion_tokens: number };
  readonly prompt_token_ids?: readonly number[];
  readonly error: {
    readonly code: string;
    readonly param: string | null;
    readonly message: string;
  };
}

async function ask(server: ModelServer, ...request: Parameters<typeof post>) {
  const response = await server.handle(post(...request));
  const json = (await response.json()) as Json;
  return { response, json, error: json.error };
}

const idsOf = (text: string): Uint32Array => Uint32Array.from(text.match(/\d+/g) ?? [], Number);

function greenRate(text: string, n: number): number {
  const { score } = coinsOf(bindScheme(profile, keyOf(n)), idsOf(text));
  return score.reduce((sum, one) => sum + one, 0) / score.length;
}

function client(server: ModelServer, apiKey = "sk-acme"): OpenAI {
  const fetch: typeof globalThis.fetch = (input, init) => server.handle(new Request(input, init));
  return new OpenAI({ baseURL: "http://serve/v1", apiKey, fetch, maxRetries: 0 });
}

const events = (text: string): string[] =>
  text
    .trim()
    .split("\n\n")
    .map((event) => event.replace(/^data: /, ""));

describe("an answer", () => {
  it("carries its tenant's mark and no other's, in text of the openai client", async () => {
    const server = serving();
    for (const [apiKey, own, other] of [
      ["sk-acme", 1, 2],
      ["sk-globex", 2, 1],
    ] as const) {
      const answer = await client(server, apiKey).chat.completions.create({
        ...usual,
        max_tokens: 400,
      });
      const text = answer.choices[0].message.content ?? "";
      // Chance gives .25 with a standard error of .022 in 400 words; the mark at δ = 4 about .9.
      expect(greenRate(text, own)).toBeGreaterThan(0.8);
      expect(greenRate(text, other)).toBeLessThan(0.36);
    }
  });

  it("says what it is, what it took, and whose mark it has", async () => {
    const { response, json } = await ask(serving(), usual);
    expect(json).toEqual({
      id: "chatcmpl-r2",
      object: "chat.completion",
      created: 5,
      model: "toy",
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: expect.stringMatching(/^(a\d+ ){40}$/),
            refusal: null,
          },
          logprobs: null,
          finish_reason: "length",
        },
      ],
      usage: { prompt_tokens: 2, completion_tokens: 40, total_tokens: 42 },
    });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "x-watermark-profile": profile.id,
      "x-watermark-status": "applied",
      "x-watermark-record": "r1",
    });
  });

  it("streams the same text as in one piece, with tokens counted at the end", async () => {
    const server = serving();
    const openai = client(server);
    const whole = await openai.chat.completions.create(usual);
    const stream = await openai.chat.completions.create({
      ...usual,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    const said = chunks.map(({ choices }) => choices[0]?.delta.content ?? "");
    expect(said.join("")).toBe(whole.choices[0].message.content);
    expect(chunks[0].choices[0].delta.role).toBe("assistant");
    expect(chunks.at(-2)?.choices[0].finish_reason).toBe("length");
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
  });

  it("ends its stream with [DONE], one event a line", async () => {
    const response = await serving().handle(post({ ...usual, max_tokens: 2, stream: true }));
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const said = events(await response.text());
    expect(said.at(-1)).toBe("[DONE]");
    expect(said.slice(0, -1).map((event) => (JSON.parse(event) as { id: string }).id)).toEqual(
      Array.from({ length: 4 }, () => "chatcmpl-r2"),
    );
  });

  it("is the same for the same seed, and another for another", async () => {
    const texts = await Promise.all(
      [1, 1, 2].map(async (seed) => (await ask(serving(), { ...usual, seed })).json),
    );
    const [a, b, c] = texts.map(({ choices }) => choices[0].message.content);
    expect(a).toBe(b);
    expect(c).not.toBe(a);
  });

  it("stops before a stop sequence that spans tokens, streaming or not", async () => {
    const server = serving();
    const { json } = await ask(server, usual);
    const text: string = json.choices[0].message.content;
    const stop = text.slice(30, 36);
    const before = text.slice(0, text.indexOf(stop));
    const { json: stopped } = await ask(server, { ...usual, stop: ["zzz", stop] });
    expect(stopped.choices[0]).toMatchObject({
      message: { content: before },
      finish_reason: "stop",
    });
    expect(stopped.usage.completion_tokens).toBeLessThan(40);
    const response = await server.handle(post({ ...usual, stop, stream: true }));
    const deltas = events(await response.text())
      .slice(0, -1)
      .map((event) => JSON.parse(event).choices[0]?.delta.content ?? "");
    expect(deltas.join("")).toBe(before);
  });

  it("ends at the model's end token", async () => {
    const only = (id: number) => ({ ids: Uint32Array.of(id), logits: Float32Array.of(0) });
    const model = toyModel({ propose: (step) => only(step < 3 ? 5 : END) });
    const { json } = await ask(serving({ model }), usual);
    expect(json.choices[0]).toMatchObject({
      message: { content: "a5 a5 a5 " },
      finish_reason: "stop",
    });
    expect(json.usage.completion_tokens).toBe(3);
  });

  it("follows temperature, top_p and top_k", async () => {
    const proposal = { ids: Uint32Array.of(1, 2, 3), logits: Float32Array.of(0, 2, 1.9) };
    const written = async (settings: object): Promise<Set<string>> => {
      const model = toyModel({ propose: () => proposal });
      const body = { ...usual, ...settings };
      const { json } = await ask(serving({ model }), body, { key: "sk-robots" });
      return new Set(json.choices[0].message.content.trim().split(" "));
    };
    expect(await written({ temperature: 0 })).toEqual(new Set(["a2"]));
    expect(await written({ top_k: 1 })).toEqual(new Set(["a2"]));
    expect(await written({ top_p: 0 })).toEqual(new Set(["a2"]));
    expect(await written({ top_k: 2 })).toEqual(new Set(["a2", "a3"]));
    expect(await written({ temperature: 2 })).toEqual(new Set(["a1", "a2", "a3"]));
  });

  it("shows the model's own log-probabilities, not the mark's", async () => {
    const proposal = { ids: Uint32Array.of(1, 2, 3), logits: Float32Array.of(0, Math.LN2, 0) };
    const server = serving({ model: toyModel({ propose: () => proposal }) });
    const body = { ...usual, max_tokens: 1, temperature: 0, logprobs: true, top_logprobs: 2 };
    const { json } = await ask(server, body, { key: "sk-robots" });
    const half = { token: "a2 ", logprob: expect.closeTo(-Math.LN2, 6), bytes: [97, 50, 32] };
    const quarter = {
      token: "a1 ",
      logprob: expect.closeTo(-2 * Math.LN2, 6),
      bytes: [97, 49, 32],
    };
    expect(json.choices[0].logprobs).toEqual({
      content: [{ ...half, top_logprobs: [half, quarter] }],
      refusal: null,
    });
    const text = { model: "toy", prompt: "1", max_tokens: 2, temperature: 0, logprobs: 1 };
    const { json: old } = await ask(server, text, { path: "completions", key: "sk-robots" });
    expect(old.choices[0].logprobs).toMatchObject({
      tokens: ["a2 ", "a2 "],
      top_logprobs: [{ "a2 ": expect.closeTo(-Math.LN2, 6) }, {}],
      text_offset: [0, 3],
    });
    const marked = await ask(server, { ...body, max_tokens: 40 });
    const shown = marked.json.choices[0].logprobs.content[0].top_logprobs;
    expect(shown).toEqual([half, quarter]);
  });

  it("sends token ids to who asks for them", async () => {
    const { json } = await ask(serving(), { ...usual, return_token_ids: true });
    expect(json.prompt_token_ids).toEqual([7, 6]);
    expect(json.choices[0].token_ids).toEqual([...idsOf(json.choices[0].message.content)]);
  });

  it("continues texts, and prompts of ids", async () => {
    const server = serving();
    const openai = client(server);
    const body = { model: "toy", max_tokens: 5, seed: 3 };
    const text = await openai.completions.create({ ...body, prompt: "4 5" });
    expect(text).toMatchObject({ object: "text_completion", usage: { prompt_tokens: 2 } });
    const ids = await openai.completions.create({ ...body, prompt: [4, 5] });
    expect(ids.choices[0].text).toBe(text.choices[0].text);
    let streamed = "";
    const stream = await openai.completions.create({ ...body, prompt: "4 5", stream: true });
    for await (const { choices } of stream) streamed += choices[0].text;
    expect(streamed).toBe(text.choices[0].text);
  });

  it("shows the model the conversation, parts of text joined", async () => {
    const server = serving();
    const parts = [
      { type: "text", text: "a" },
      { type: "text", text: "b" },
    ];
    const said = [
      { role: "developer", content: "Be brief." },
      { role: "user", content: parts },
      { role: "assistant", content: "c" },
      { role: "user", content: "d" },
    ];
    await ask(server, { ...usual, messages: said });
    expect(server.model.shown).toEqual([
      [
        { role: "system", content: "Be brief." },
        { role: "user", content: "ab" },
        { role: "assistant", content: "c" },
        { role: "user", content: "d" },
      ],
    ]);
  });
});

describe("the mark is the operator's decision", () => {
  const cases = [
    [{ watermarking: false }, "sk-acme", "applied"],
    [{ watermark: { enabled: false }, extra_body: { watermarking: false } }, "sk-acme", "applied"],
    [{ temperature: 0 }, "sk-acme", "applied"],
    [{ watermarking: true }, "sk-robots", "skipped;reason=machine-to-machine"],
    [{}, "sk-brief", "skipped;reason=short"],
  ] as const;

  it.each(cases)("%j from %s is %s", async (fields, key, status) => {
    const headers = { "x-watermark-status": "skipped;reason=policy" };
    const body = { ...usual, temperature: 1, ...fields };
    const { response, json } = await ask(serving(), body, { key, headers });
    expect(response.headers.get("x-watermark-status")).toBe(status);
    const rates = [1, 2, 3, 4].map((n) => greenRate(json.choices[0].message.content, n));
    // 39 coins: chance stays below .6 but for 5 in a million.
    expect(Math.max(...rates) > 0.6).toBe(status === "applied");
  });

  it("a mark that acts after temperature says that temperature 0 leaves nothing to mark", async () => {
    const warped = testProfile({ V, h: 1, scheme: "gumbel", parameters: {} });
    const one = { ...tenant("acme", 1), profile: warped };
    const server = serving({ resolveTenant: () => one });
    const { response } = await ask(server, { ...usual, temperature: 0 });
    expect(response.headers.get("x-watermark-status")).toBe("skipped;reason=greedy");
  });
});

describe("records", () => {
  it("count tokens though the client did not ask, and hold neither text nor key", async () => {
    const server = serving();
    const response = await server.handle(post({ ...usual, stream: true }));
    const text = await response.text();
    expect(server.records).toMatchObject([
      { kind: "started", record: "r1", tenant: "acme", keyId: keyOf(1).id },
      { kind: "ended", record: "r1", outcome: "complete", completionTokens: 40 },
    ]);
    expect(server.records[1]).toMatchObject({ choices: [{ tokens: 40, finishReason: "length" }] });
    const written = JSON.stringify(server.records);
    expect(written).not.toContain(keyOf(1).reveal());
    const [, word] =
      /(a\d+ a\d+ )/.exec(JSON.parse(events(text)[1]).choices[0].delta.content) ?? [];
    if (word !== undefined) expect(written).not.toContain(word);
  });

  it("of a key that is rotated in the middle of a stream name the one that marks it to its end", async () => {
    const model = toyModel();
    let [steps, n] = [0, 1];
    model.step = () => {
      if (++steps === 10) n = 2;
    };
    const server = serving({ model, resolveTenant: () => tenant("acme", n) });
    const said = async (): Promise<string> => {
      const stream = await client(server).chat.completions.create({ ...usual, stream: true });
      const parts = await Array.fromAsync(stream);
      return parts.map(({ choices }) => choices[0]?.delta.content ?? "").join("");
    };
    const [before, after] = [await said(), await said()];
    expect([greenRate(before, 1) > 0.6, greenRate(before, 2) > 0.6]).toEqual([true, false]);
    expect([greenRate(after, 1) > 0.6, greenRate(after, 2) > 0.6]).toEqual([false, true]);
    expect(server.records.map((one) => (one.kind === "started" ? one.keyId : one.outcome))).toEqual(
      [keyOf(1).id, "complete", keyOf(2).id, "complete"],
    );
  });

  it("that cannot be written stop the answer", async () => {
    const sink = { write: () => Promise.reject(new Error("disk full at /secret/place")) };
    const { response, error } = await ask(serving({ sink }), usual);
    expect([response.status, error.code]).toEqual([503, "watermark_unavailable"]);
    expect(error.message).not.toContain("secret");
  });
});

describe("a request that cannot be answered", () => {
  const long = { role: "user", content: "x" };
  const cases: readonly (readonly [unknown, number, string, string | null])[] = [
    ["{", 400, "invalid_json", null],
    ["[]", 400, "invalid_json", null],
    [{ ...usual, model: "gpt-9" }, 404, "model_not_found", "model"],
    [{ messages }, 400, "invalid_value", "model"],
    [{ model: "toy" }, 400, "invalid_value", "messages"],
    [{ ...usual, messages: [] }, 400, "invalid_value", "messages"],
    [
      { ...usual, messages: [{ role: "tool", content: "x" }] },
      400,
      "invalid_value",
      "messages.0.role",
    ],
    [
      { ...usual, messages: [{ role: "user", content: [{ type: "image_url" }] }] },
      400,
      "invalid_value",
      "messages.0.content",
    ],
    [{ ...usual, max_tokens: 0 }, 400, "invalid_value", "max_tokens"],
    [{ ...usual, max_tokens: 511 }, 400, "context_length_exceeded", null],
    [
      { ...usual, messages: Array.from({ length: 300 }, () => long) },
      400,
      "context_length_exceeded",
      null,
    ],
    [{ ...usual, temperature: 3 }, 400, "invalid_value", "temperature"],
    [{ ...usual, top_p: -1 }, 400, "invalid_value", "top_p"],
    [{ ...usual, seed: 1.5 }, 400, "invalid_value", "seed"],
    [{ ...usual, stop: ["a", "b", "c", "d", "e"] }, 400, "invalid_value", "stop"],
    [{ ...usual, n: 2 }, 400, "unsupported_parameter", "n"],
    [{ ...usual, tools: [{ type: "function" }] }, 400, "unsupported_parameter", "tools"],
    [
      { ...usual, response_format: { type: "json_object" } },
      400,
      "unsupported_parameter",
      "response_format",
    ],
    [{ ...usual, logit_bias: { 5: 100 } }, 400, "unsupported_parameter", "logit_bias"],
    [{ ...usual, presence_penalty: 1 }, 400, "unsupported_parameter", "presence_penalty"],
    [{ ...usual, top_logprobs: 2 }, 400, "invalid_value", "top_logprobs"],
    [{ ...usual, logprobs: true, top_logprobs: 21 }, 400, "invalid_value", "top_logprobs"],
  ];

  it.each(cases)("%j: %i %s", async (body, status, code, param) => {
    const server = serving();
    const { response, error } = await ask(server, body);
    expect([response.status, error.code, error.param]).toEqual([status, code, param]);
    expect(error).toEqual({
      message: expect.any(String),
      type: "invalid_request_error",
      param,
      code,
    });
    expect(server.errors).toEqual([]);
    expect(server.model.open).toBe(0);
  });

  it("takes fields that ask for nothing", async () => {
    const nothing = { n: 1, tools: [], tool_choice: "auto", response_format: { type: "text" } };
    const more = {
      logit_bias: {},
      presence_penalty: 0,
      frequency_penalty: null,
      user: "u",
      store: false,
    };
    const { response } = await ask(serving(), { ...usual, ...nothing, ...more });
    expect(response.status).toBe(200);
  });

  it("ids beyond the vocabulary", async () => {
    const body = { model: "toy", prompt: [1, V] };
    const { response, error } = await ask(serving(), body, { path: "completions" });
    expect([response.status, error.param]).toEqual([400, "prompt"]);
  });

  it("chat without a template", async () => {
    const model = { ...toyModel(), chat: () => null };
    const { error } = await ask(serving({ model }), usual);
    expect(error.code).toBe("no_chat_template");
  });

  it("a body that is too large, whatever it announces", async () => {
    const { response, error } = await ask(serving({ longestBody: 50 }), usual);
    expect([response.status, error.code]).toEqual([413, "request_too_large"]);
  });

  it.each([["sk-unknown"], [""]])("nobody's key %j, for any path with answers", async (key) => {
    const server = serving();
    const { response, error } = await ask(server, usual, { key });
    expect([response.status, error.code]).toEqual([401, "invalid_api_key"]);
    const models = await server.handle(new Request("http://serve/v1/models"));
    expect(models.status).toBe(401);
  });

  it("one whose tenant cannot be looked up; the cause stays inside", async () => {
    const broken = serving({ resolveTenant: () => Promise.reject(new Error("pg://user:pw@db")) });
    const { response, error } = await ask(broken, usual);
    expect([response.status, error.code]).toEqual([503, "tenants_unavailable"]);
    expect(error.message).not.toContain("pg://");
    expect(broken.errors).toHaveLength(1);
  });

  it("a model that breaks, before and in the middle of a stream", async () => {
    const model = toyModel();
    let steps = 0;
    model.step = () => {
      if (++steps % 5 === 0) throw new Error("llama_decode at 0xdeadbeef");
    };
    const server = serving({ model });
    const { response, error } = await ask(server, usual);
    expect([response.status, error.code]).toEqual([500, "internal_error"]);
    const streamed = events(await (await server.handle(post({ ...usual, stream: true }))).text());
    const last = JSON.parse(streamed.at(-1) ?? "") as { error: { code: string; message: string } };
    expect(last.error.code).toBe("internal_error");
    expect(last.error.message).not.toContain("0xdead");
    const stream = await client(server).chat.completions.create({ ...usual, stream: true });
    await expect(Array.fromAsync(stream)).rejects.toThrow(/could not be answered/);
    expect(server.model.open).toBe(0);
    expect(server.errors).toHaveLength(3);
  });
});

describe("other paths", () => {
  it("list the one model", async () => {
    const server = serving();
    const models = await Array.fromAsync(await client(server).models.list());
    expect(models).toMatchObject([{ id: "toy", object: "model" }]);
    expect(await client(server).models.retrieve("toy")).toMatchObject({ id: "toy" });
    await expect(client(server).models.retrieve("other")).rejects.toMatchObject({ status: 404 });
  });

  it("say what is not there, and what is not allowed", async () => {
    const { handle } = serving();
    expect(
      (await handle(new Request("http://serve/v1/embeddings", { method: "POST" }))).status,
    ).toBe(404);
    const got = await handle(new Request("http://serve/v1/chat/completions"));
    expect([got.status, got.headers.get("allow")]).toEqual([405, "POST"]);
  });
});

/** A model whose steps wait until they are let go. */
function held(sequences: number): { model: ToyModel; go: () => void } {
  const model = toyModel({ sequences });
  let go = (): void => {};
  const gate = new Promise<void>((resolve) => (go = resolve));
  model.step = () => gate;
  return { model, go };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

describe("many requests", () => {
  it("run as many at once as the model takes, in turn, and no more wait than may", async () => {
    const { model, go } = held(2);
    const server = serving({ model, waiting: 3 });
    const asked = Array.from({ length: 5 }, () => ask(server, usual));
    await settled();
    expect(server.load()).toEqual({ running: 2, waiting: 3 });
    const { response, error } = await ask(server, usual);
    expect([response.status, error.code]).toEqual([503, "server_overloaded"]);
    expect(response.headers.get("retry-after")).toBe("1");
    go();
    const answers = await Promise.all(asked);
    expect(answers.map((answer) => answer.response.status)).toEqual([200, 200, 200, 200, 200]);
    expect(model.most).toBe(2);
    expect(server.load()).toEqual({ running: 0, waiting: 0 });
  });

  it("whose client leaves free their sequence, or their place in the queue", async () => {
    const { model, go } = held(1);
    const server = serving({ model, waiting: 1 });
    const [streaming, waiting] = [new AbortController(), new AbortController()];
    const response = await server.handle(post({ ...usual, stream: true }));
    const reader = response.body?.getReader();
    const queued = server.handle(post(usual, { signal: waiting.signal }));
    await settled();
    expect(server.load()).toEqual({ running: 1, waiting: 1 });
    waiting.abort();
    expect((await queued).status).toBe(499);
    expect(server.load()).toEqual({ running: 1, waiting: 0 });
    await reader?.cancel();
    go();
    await settled();
    expect(server.load()).toEqual({ running: 0, waiting: 0 });
    expect(model.open).toBe(0);
    streaming.abort();
    expect(server.records).toContainEqual(
      expect.objectContaining({ kind: "ended", record: "r1", outcome: "cut" }),
    );
  });

  it("a reader that does not read holds no sequence", async () => {
    const server = serving({ model: toyModel({ sequences: 1 }) });
    const slow = await server.handle(post({ ...usual, stream: true }));
    const { response } = await ask(server, usual);
    expect(response.status).toBe(200);
    await slow.body?.cancel();
  });
});

describe("stopping", () => {
  it("lets running answers end, and refuses new ones", async () => {
    const { model, go } = held(1);
    const server = serving({ model });
    const running = ask(server, usual);
    await settled();
    const closing = server.close(new AbortController().signal);
    const { response, error } = await ask(server, usual);
    expect([response.status, error.code]).toEqual([503, "server_stopping"]);
    const ready = await server.handle(new Request("http://serve/readyz"));
    const healthy = await server.handle(new Request("http://serve/healthz"));
    expect([ready.status, healthy.status]).toEqual([503, 200]);
    go();
    expect((await running).response.status).toBe(200);
    await closing;
  });

  it("cuts what takes too long, and tells its readers", async () => {
    const { model, go } = held(1);
    const server = serving({ model });
    const response = await server.handle(post({ ...usual, stream: true }));
    const waiting = ask(server, usual);
    await settled();
    const cut = new AbortController();
    const closing = server.close(cut.signal);
    cut.abort();
    go();
    await closing;
    const last = JSON.parse(events(await response.text()).at(-1) ?? "") as {
      error: { code: string };
    };
    expect(last.error.code).toBe("server_stopping");
    expect((await waiting).response.status).toBe(503);
    expect(model.open).toBe(0);
  });
});

describe("text of tokens as they come", async () => {
  const path = fileURLToPath(
    new URL("../../../fixtures/models/smollm2/tokenizer.json", import.meta.url),
  );
  const tokenizer = await readTokenizer(path);
  const streamOf = (text: string, stops: readonly string[]): string[] => {
    const stream = new TextStream((tokens) => tokenizer.decode(tokens), stops);
    const pieces = [];
    for (const token of tokenizer.encode(text)) {
      pieces.push(stream.push(token));
      if (stream.stopped) return pieces;
    }
    return [...pieces, stream.end()];
  };

  it("is the text, and never half a character", () => {
    const unicode = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(unicode, (given) => {
        const text = tokenizer.decode(tokenizer.encode(given));
        fc.pre(!text.includes("\uFFFD"));
        const pieces = streamOf(text, []);
        expect(pieces.join("")).toBe(text);
        for (const piece of pieces) expect(piece.isWellFormed()).toBe(true);
        expect(pieces.join("|")).not.toContain("\uFFFD");
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  it("ends where the stop sequence begins that is complete first, whatever the tokens", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", " "), maxLength: 40 });
    const stops = fc.array(
      fc.string({ unit: fc.constantFrom("a", "b", " "), minLength: 1, maxLength: 4 }),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(letters, stops, (text, ends) => {
        const last = Array.from(text, (_, i) => text.slice(0, i + 1)).find((start) =>
          ends.some((end) => start.endsWith(end)),
        );
        const longest = Math.max(
          0,
          ...ends.filter((end) => last?.endsWith(end)).map((e) => e.length),
        );
        const expected = last === undefined ? text : last.slice(0, last.length - longest);
        expect(streamOf(text, ends).join("")).toBe(expected);
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});
