import replyFrom from "@fastify/reply-from";
import fastify, { type FastifyInstance } from "fastify";
import { afterEach, describe, expect, it } from "vitest";
import { fastifyWatermark } from "../src/adapters/fastify.js";
import type { RecordSink } from "../src/index.js";
import { MemorySink, POLICY } from "./setup.js";
import {
  type Handler,
  type Upstream,
  chunk,
  completion,
  events,
  speaking,
  startUpstream,
} from "./upstream.js";

const PATH = "/v1/chat/completions";
const closing: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((one) => one.close()));
});

/** A Fastify server with the plugin, listening. */
async function serving(
  routes: (app: FastifyInstance) => void,
  slow?: RecordSink,
): Promise<{ url: string; sink: MemorySink; app: FastifyInstance }> {
  const app = fastify({ forceCloseConnections: true });
  const sink = new MemorySink();
  let ids = 0;
  await app.register(fastifyWatermark, {
    policy: POLICY,
    sink: slow ?? sink,
    failure: "closed",
    newId: () => `f${++ids}`,
    now: () => 0,
  });
  routes(app);
  closing.push(app);
  return { url: await app.listen({ host: "127.0.0.1", port: 0 }), sink, app };
}

/** One that passes everything on with Fastify's own proxy. */
async function proxying(handler: Handler) {
  const upstream: Upstream = await startUpstream(handler);
  closing.push(upstream);
  const server = await serving((app) => {
    void app.register(replyFrom, { base: upstream.url });
    app.post(PATH, (_request, reply) => reply.from(PATH));
  });
  return { ...server, upstream };
}

const post = (url: string, body: unknown, init: RequestInit = {}): Promise<Response> =>
  fetch(url + PATH, {
    method: "POST",
    headers: { "content-type": "application/json", "x-watermark-record": "forged" },
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...init,
  });

describe("fastifyWatermark", () => {
  it("marks what @fastify/reply-from passes on, labels and records the stream, byte for byte", async () => {
    const { url, sink, upstream } = await proxying(speaking("Grün", "span"));
    const response = await post(url, { stream: true, watermarking: false });
    expect(response.headers.get("x-watermark-status")).toBe("applied");
    expect(response.headers.get("x-watermark-record")).toBe("f1");
    const spoken = [chunk("Grün"), chunk("span"), chunk("", { finish: "stop" }), "[DONE]"];
    expect(await response.text()).toBe(events(spoken));
    expect(upstream.received[0].body).toEqual({ stream: true, watermarking: true });
    expect(upstream.received[0].headers["x-watermark-record"]).toBeUndefined();
    await expect
      .poll(() => sink.ended)
      .toMatchObject([{ outcome: "complete", choices: [{ index: 0 }] }]);
  });

  it("labels what a handler returns, and drops its own labels", async () => {
    const { url, sink } = await serving((app) => {
      app.post(PATH, (request, reply) => {
        expect(request.body).toEqual({ watermarking: true });
        void reply.header("x-watermark-status", "forged").header("x-watermark-other", "forged");
        return completion("a");
      });
    });
    const response = await post(url, {});
    expect(await response.json()).toEqual(completion("a"));
    expect(response.headers.get("x-watermark-status")).toBe("applied");
    expect(response.headers.get("x-watermark-other")).toBeNull();
    expect(response.headers.get("content-length")).toBe(
      String(JSON.stringify(completion("a")).length),
    );
    expect(sink.ended).toMatchObject([{ outcome: "complete", choices: [{ tokens: 7 }] }]);
  });

  it("ends the upstream's stream when the client leaves", async () => {
    const { url, sink, upstream } = await proxying((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(events([chunk("first")]));
    });
    const abort = new AbortController();
    const response = await post(url, { stream: true }, { signal: abort.signal });
    await response.body?.getReader().read();
    abort.abort();
    await expect.poll(() => upstream.aborted).toBe(1);
    await expect.poll(() => sink.ended).toMatchObject([{ outcome: "cut" }]);
  });

  it("records a request whose client leaves before there is an answer", async () => {
    const { url, sink } = await serving((app) => {
      app.post(PATH, () => new Promise(() => {}));
    });
    const abort = new AbortController();
    const asked = post(url, {}, { signal: abort.signal });
    await expect.poll(() => sink.started).toHaveLength(1);
    abort.abort();
    await expect(asked).rejects.toThrow("aborted");
    await expect.poll(() => sink.ended).toMatchObject([{ outcome: "failed" }]);
  });

  it("records a request whose client leaves while its start is written", async () => {
    let write = (): void => {};
    const ended: unknown[] = [];
    const slow = {
      write: (entry: { readonly kind: string }) => {
        if (entry.kind === "ended") ended.push(entry);
        else return new Promise<void>((resolve) => (write = resolve));
        return undefined;
      },
    };
    const { url } = await serving((app) => {
      app.post(PATH, () => new Promise(() => {}));
    }, slow);
    const abort = new AbortController();
    const asked = post(url, {}, { signal: abort.signal });
    const waiting = write;
    await expect.poll(() => write !== waiting).toBe(true);
    abort.abort();
    await expect(asked).rejects.toThrow("aborted");
    await new Promise((resolve) => setTimeout(resolve, 50));
    write();
    await expect.poll(() => ended).toMatchObject([{ outcome: "failed" }]);
  });

  it("answers for itself where no handler may run, and records one that throws", async () => {
    let calls = 0;
    const { url, sink } = await serving((app) => {
      app.post(PATH, () => {
        calls++;
        throw new Error("no");
      });
    });
    const refused = await post(url, "[]");
    expect([refused.status, calls]).toEqual([400, 0]);
    expect(await refused.json()).toMatchObject({ error: { code: "invalid_json" } });
    expect((await post(url, {})).status).toBe(500);
    expect(sink.ended).toMatchObject([{ outcome: "refused", httpStatus: 500 }]);
  });

  it("leaves other requests alone, and says what it cannot read", async () => {
    const { url, app } = await serving((instance) => {
      instance.get("/v1/models", () => []);
      instance.post("/v1/embeddings", (request) => request.body);
      instance.post("/v1/files", () => "stored");
      instance.addContentTypeParser("application/json+stream", (_request, payload, done) =>
        done(null, payload),
      );
      instance.post(PATH, () => "never");
    });
    const models = await fetch(`${url}/v1/models`);
    expect(await models.json()).toEqual([]);
    expect(models.headers.get("x-watermark-status")).toBeNull();
    const embeddings = await app.inject({
      method: "POST",
      url: "/v1/embeddings",
      payload: { watermarking: false },
    });
    expect(embeddings.json()).toEqual({ watermarking: false });
    const type = { "content-type": "application/json+stream" };
    const file = await fetch(`${url}/v1/files`, { method: "POST", headers: type, body: "{}" });
    expect(await file.text()).toBe("stored");
    const stream = await post(url, "{}", {
      headers: type,
    });
    expect(await stream.json()).toMatchObject({
      message: expect.stringContaining("expected a parsed body, got a stream") as string,
    });
  });
});
