import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { createRequire } from "node:module";
import { serve } from "@hono/node-server";
import { Key, bindScheme } from "@verdigris/core";
import { testProfile } from "@verdigris/core/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PortkeyOptions, createSidecar, portkeyPlugin } from "../src/hooks/index.js";
import { logitBiasMark } from "../src/index.js";
import { MemorySink, POLICY } from "./setup.js";
import { type Upstream, completion, speaking, startUpstream } from "./upstream.js";

const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
const unigram = testProfile({
  V: 1000,
  h: 0,
  parameters: { gamma: 0.5, delta: 2 },
});
const scheme = bindScheme(unigram, Key.fromBytes(new Uint8Array(32).fill(5)));
const tokens = Uint32Array.from({ length: 500 }, (_, i) => i);
const policy = { ...POLICY, mark: logitBiasMark(scheme, { tokens }), markTools: false };

function options(sink: MemorySink, more: Partial<PortkeyOptions> = {}): PortkeyOptions {
  let [ids, time] = [0, 0];
  return { policy, sink, failure: "closed", newId: () => `r${++ids}`, now: () => ++time, ...more };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe("Portkey's gateway, the real one, with its webhook guardrail", () => {
  const sink = new MemorySink();
  let upstream: Upstream;
  let sidecar: ReturnType<typeof serve>;
  let gateway: ChildProcess;
  let [url, hook] = ["", ""];

  beforeAll(async () => {
    upstream = await startUpstream(speaking("Hello", " there"));
    const handle = createSidecar({
      clients: [{ name: "portkey", apiKeySha256: sha("sk-portkey") }],
      portkey: options(sink),
    });
    const sidecarPort = await freePort();
    sidecar = serve({ fetch: handle, port: sidecarPort, hostname: "127.0.0.1" });
    hook = `http://127.0.0.1:${sidecarPort}/hooks/portkey`;
    const port = await freePort();
    url = `http://127.0.0.1:${port}/v1/chat/completions`;
    const require = createRequire(import.meta.url);
    const server = require.resolve("@portkey-ai/gateway/build/start-server.js");
    gateway = spawn(process.execPath, [server, "--headless", `--port=${port}`], { stdio: "pipe" });
    let said = "";
    gateway.stdout?.on("data", (text) => (said += text));
    while (!said.includes("Ready")) await once(gateway.stdout ?? gateway, "data");
  });
  afterAll(async () => {
    gateway?.kill();
    sidecar?.close();
    await upstream?.close();
  });

  function ask(body: object, apiKey = "sk-portkey", hooks = true): Promise<Response> {
    const parameters = { webhookURL: hook, headers: { authorization: `Bearer ${apiKey}` } };
    const check = { id: "default.webhook", parameters };
    const config = {
      provider: "openai",
      api_key: "sk-upstream",
      custom_host: `${upstream.url}/v1`,
      ...(hooks && {
        before_request_hooks: [{ type: "mutator", id: "mark", checks: [check] }],
        after_request_hooks: [{ type: "guardrail", id: "record", checks: [check] }],
      }),
    };
    return fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", "x-portkey-config": JSON.stringify(config) },
      body: JSON.stringify({ model: "toy", messages: [{ role: "user", content: "Hi" }], ...body }),
    });
  }

  it("asks for the mark, and records the answer", async () => {
    const response = await ask({ logit_bias: { "3": -5 } });
    expect(await response.json()).toMatchObject({ choices: completion("Hello there")["choices"] });
    const sent = upstream.received.at(-1)?.body["logit_bias"] as Record<string, number>;
    const green = Object.values(sent).filter((bias) => bias === 2);
    expect(green.length).toBeGreaterThan(200);
    for (let i = 0; i < 100 && sink.ended.length === 0; i++)
      await new Promise((r) => setTimeout(r, 10));
    expect(sink.started.at(-1)).toMatchObject({
      record: "r1",
      tenant: "acme",
      status: { kind: "applied" },
    });
    expect(sink.ended).toMatchObject([
      {
        record: "r1",
        outcome: "complete",
        completionTokens: 7,
        choices: [{ textSha256: sha("Hello there") }],
      },
    ]);
  });

  // The answer is not looked at: this release fails on every stream under Node 24, with hooks or without ("immutable").
  it("marks streams, whose end it is not shown", async () => {
    const [started, ended] = [sink.started.length, sink.ended.length];
    await ask({ stream: true });
    expect(upstream.received.at(-1)?.body).toMatchObject({ stream: true });
    expect(upstream.received.at(-1)?.body["logit_bias"]).toBeDefined();
    expect([sink.started.length, sink.ended.length]).toEqual([started + 1, ended]);
  });

  it("leaves a request with tools unmarked, by policy", async () => {
    await ask({ tools: [{ type: "function", function: { name: "f", parameters: {} } }] });
    expect(upstream.received.at(-1)?.body["logit_bias"]).toBeUndefined();
    expect(sink.started.at(-1)?.status).toEqual({ kind: "skipped", reason: "tools" });
  });

  it("passes on only what it knows of the provider: logit_bias, and no engine's switch", async () => {
    await ask({ watermarking: true, logit_bias: { "3": 1 } }, "", false);
    const body = upstream.received.at(-1)?.body ?? {};
    expect([body["logit_bias"], body["watermarking"]]).toEqual([{ "3": 1 }, undefined]);
  });

  it("is told nothing of a hook whose key is unknown: the answer is not marked", async () => {
    const before = sink.started.length;
    await ask({}, "sk-guessed");
    expect(sink.started.length).toBe(before);
    expect(upstream.received.at(-1)?.body["logit_bias"]).toBeUndefined();
  });
});

describe("the plugin", () => {
  const context = {
    requestType: "chatComplete",
    request: { json: { model: "toy", messages: [] } },
  };

  it("says what it did, and which record that has", async () => {
    const plugin = portkeyPlugin(options(new MemorySink()));
    const made = await plugin(context, {}, "beforeRequestHook");
    expect(made).toMatchObject({
      error: null,
      verdict: true,
      transformed: true,
      data: { profile: POLICY.profile.id, status: "applied", record: "r1" },
    });
    expect(made.transformedData.request.json?.["logit_bias"]).toBeDefined();
  });

  it("fails closed without telling why", async () => {
    const sink = { write: () => Promise.reject(new Error("pg://user:pw@db")) };
    const plugin = portkeyPlugin({ ...options(new MemorySink()), sink });
    const made = await plugin(context, {}, "beforeRequestHook");
    expect(made.verdict).toBe(false);
    expect(JSON.stringify(made)).not.toContain("pg://");
  });

  it("removes a client's switches, and passes what is no request for text", async () => {
    const plugin = portkeyPlugin(options(new MemorySink(), { policy: () => null }));
    const body = { model: "toy", watermarking: false, extra_body: { watermark: false } };
    const made = await plugin({ ...context, request: { json: body } }, {}, "beforeRequestHook");
    expect(made.transformedData.request.json).toEqual({ model: "toy", extra_body: {} });
    expect(await plugin({}, {}, "beforeRequestHook")).toMatchObject({
      verdict: true,
      transformed: false,
    });
  });

  it("chooses its policy by the headers that the operator configured, not the client's", async () => {
    const seen: (string | null)[] = [];
    const choose: PortkeyOptions["policy"] = ({ headers, endpoint }) => {
      seen.push(headers.get("x-tenant"), endpoint);
      return null;
    };
    const plugin = portkeyPlugin(options(new MemorySink(), { policy: choose }));
    const request = { json: { prompt: "x" }, headers: { "x-tenant": "forged" } };
    const parameters = { headers: { "x-tenant": "acme" } };
    await plugin({ requestType: "complete", request }, parameters, "beforeRequestHook");
    expect(seen).toEqual(["acme", "completions"]);
  });
});
