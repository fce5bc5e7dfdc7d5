import { Hono } from "hono";
import { proxy } from "hono/proxy";
import { streamSSE } from "hono/streaming";
import { afterEach, describe, expect, it } from "vitest";
import { honoWatermark } from "../src/adapters/hono.js";
import { MemorySink, POLICY, chat } from "./setup.js";
import { type Upstream, chunk, completion, events, speaking, startUpstream } from "./upstream.js";

const sink = new MemorySink();
const started: Upstream[] = [];
afterEach(async () => {
  sink.started.length = 0;
  sink.ended.length = 0;
  await Promise.all(started.splice(0).map((one) => one.close()));
});

let ids = 0;
const middleware = honoWatermark({
  policy: ({ headers }) => (headers.get("authorization") === "Bearer acme" ? POLICY : null),
  sink,
  failure: "closed",
  newId: () => `h${++ids}`,
  now: () => 0,
});
const acme = { headers: { authorization: "Bearer acme" } };
const URL_ = "http://gateway/v1/chat/completions";

/** A gateway that passes everything on with Hono's own proxy. */
async function proxying(...contents: string[]): Promise<{ app: Hono; upstream: Upstream }> {
  const upstream = await startUpstream(speaking(...contents));
  started.push(upstream);
  const app = new Hono();
  app.use("/v1/*", middleware);
  app.all("/v1/*", (c) => proxy(`${upstream.url}${c.req.path}`, c.req));
  return { app, upstream };
}

describe("honoWatermark", () => {
  it("marks what hono/proxy passes on, labels and records the stream, byte for byte", async () => {
    const { app, upstream } = await proxying("Grün", "span");
    const response = await app.request(URL_, chat({ stream: true, watermarking: false }, acme));
    expect(response.headers.get("x-watermark-status")).toBe("applied");
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const spoken = [chunk("Grün"), chunk("span"), chunk("", { finish: "stop" }), "[DONE]"];
    expect(await response.text()).toBe(events(spoken));
    expect(upstream.received[0].body).toEqual({ stream: true, watermarking: true });
    expect(sink.started).toMatchObject([{ tenant: "acme", status: { kind: "applied" } }]);
    await expect
      .poll(() => sink.ended)
      .toMatchObject([{ outcome: "complete", choices: [{ index: 0 }] }]);
  });

  it("gives handlers the changed request, also if the body was read before", async () => {
    const app = new Hono();
    app.use(async (c, next) => {
      expect(await c.req.json()).toEqual({ watermarking: false });
      await next();
    });
    app.use(middleware);
    app.post("/v1/chat/completions", async (c) => {
      expect(await c.req.json()).toEqual({ watermarking: true });
      expect(c.req.header("authorization")).toBe("Bearer acme");
      c.header("x-watermark-status", "forged");
      c.header("x-mine", "kept");
      return c.json(completion("a"));
    });
    const response = await app.request(URL_, chat({ watermarking: false }, acme));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(completion("a"));
    expect(response.headers.get("x-watermark-status")).toBe("applied");
    expect(response.headers.get("x-mine")).toBe("kept");
  });

  it("streams as the handler writes, and tells it when the client leaves", async () => {
    const left: string[] = [];
    const app = new Hono();
    app.use(middleware);
    app.post("/v1/chat/completions", (c) =>
      streamSSE(c, async (stream) => {
        stream.onAbort(() => void left.push("left"));
        await stream.writeSSE({ data: JSON.stringify(chunk("first")) });
        await new Promise(() => {});
      }),
    );
    const response = await app.request(URL_, chat({ stream: true }, acme));
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toContain("first");
    await reader.cancel();
    await expect.poll(() => left).toEqual(["left"]);
    await expect.poll(() => sink.ended).toMatchObject([{ outcome: "cut" }]);
  });

  it("answers for itself where no handler may run", async () => {
    const { app, upstream } = await proxying("a");
    const response = await app.request(URL_, chat("{"));
    expect([response.status, upstream.received.length]).toEqual([400, 0]);
    expect(await response.json()).toMatchObject({ error: { code: "invalid_json" } });
  });

  it("leaves other requests and failing handlers to Hono", async () => {
    const app = new Hono();
    app.use(middleware);
    app.get("/v1/models", (c) => c.json([]));
    app.post("/v1/chat/completions", () => {
      throw new Error("no");
    });
    app.onError((error, c) => c.text(error.message, 502));
    const models = await app.request("http://gateway/v1/models");
    expect(await models.json()).toEqual([]);
    expect(models.headers.get("x-watermark-status")).toBeNull();
    const failed = await app.request(URL_, chat({}, acme));
    expect([failed.status, await failed.text()]).toEqual([502, "no"]);
    expect(sink.ended).toMatchObject([{ outcome: "refused", httpStatus: 502 }]);
    expect((await app.request("http://gateway/nothing")).status).toBe(404);
  });
});
