/** A gateway before a broken engine, over real HTTP: what clients see, that connections end, and that nothing leaks. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type Server, request as httpRequest } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { format } from "node:util";
import { gzipSync } from "node:zlib";
import { serve } from "@hono/node-server";
import { Key } from "@verdigris/core";
import { testProfile } from "@verdigris/core/testing";
import OpenAI from "openai";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { vllmMark } from "../src/index.js";
import type { RequestHandler } from "../src/routes.js";
import { FileLedger, readLedger } from "../src/ledger/index.js";
import { nodeFetch, pouring } from "../src/adapters/node.js";
import {
  type UpstreamServerOptions,
  createUpstreamServer,
  fixedTenants,
} from "../src/serve/index.js";
import { MemorySink } from "./setup.js";
import { type Handler, type Upstream, chunk, events, speaking, startUpstream } from "./upstream.js";

const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
const keyOf = (n: number): Key => Key.fromBytes(new Uint8Array(32).fill(n));
const tenants = ["acme", "globex"].map((name, i) => ({
  name,
  apiKeySha256: sha(`sk-${name}`),
  profile: testProfile({ id: `${name}-mark` }),
  digest: "d".repeat(64),
  key: keyOf(i + 1),
}));

interface Gateway {
  readonly url: string;
  readonly upstream: Upstream;
  readonly sink: MemorySink;
  readonly errors: unknown[];
}

/** What the gateway sends with, and what stands between it and the HTTP server. */
const WAYS = {
  "the global fetch": { sends: globalThis.fetch, wrapped: (handle: RequestHandler) => handle },
  nodeFetch: { sends: await nodeFetch(), wrapped: (handle: RequestHandler) => handle },
  "the global fetch, and poured": { sends: globalThis.fetch, wrapped: pouring },
  "nodeFetch, and poured": { sends: await nodeFetch(), wrapped: pouring },
};
let way: (typeof WAYS)[keyof typeof WAYS];

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function gateway(
  handler: Handler | null,
  more: Partial<UpstreamServerOptions> = {},
): Promise<Gateway> {
  const upstream = await startUpstream(handler ?? (() => {}));
  closing.push(() => upstream.close());
  // Nobody listens there any more.
  if (handler === null) await upstream.close();
  const [sink, errors] = [new MemorySink(), [] as unknown[]];
  let [ids, time] = [0, 0];
  const handle = createUpstreamServer({
    upstream: upstream.url,
    upstreamKey: "sk-of-the-engine",
    fetch: way.sends,
    markOf: () => vllmMark(),
    resolveTenant: fixedTenants(tenants),
    sink,
    failure: "closed",
    newId: () => `r${++ids}`,
    now: () => ++time,
    onError: (error) => errors.push(error),
    patienceMs: 30_000,
    ...more,
  });
  const fetch = await way.wrapped(handle);
  const server = serve({ fetch, port: 0, hostname: "127.0.0.1" }) as Server;
  await once(server, "listening");
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, upstream, sink, errors };
}

const usual = { model: "toy", messages: [{ role: "user" as const, content: "Hi" }] };

function ask(
  { url }: Gateway,
  body: unknown = usual,
  more: { path?: string; key?: string } = {},
): Promise<Response> {
  return fetch(`${url}${more.path ?? "/v1/chat/completions"}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${more.key ?? "sk-acme"}`,
      "content-type": "application/json",
    },
    body:
      typeof body === "string" || body instanceof Uint8Array
        ? (body as string)
        : JSON.stringify(body),
  });
}

async function errorOf(response: Response): Promise<unknown[]> {
  const { error } = (await response.json()) as { error: Record<string, unknown> };
  expect(Object.keys(error)).toEqual(["message", "type", "param", "code"]);
  return [response.status, error["type"], error["code"]];
}

const until = async (holds: () => boolean): Promise<void> => {
  for (let i = 0; i < 300 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(holds()).toBe(true);
};

/** Begins a stream of one event, and then does something. */
const beginning =
  (then: (response: Parameters<Handler>[1]) => void): Handler =>
  (_received, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(events([chunk("Hello")]));
    setTimeout(() => then(response), 20);
  };

describe.each(Object.entries(WAYS))("over %s", (_name, given) => {
  beforeAll(() => {
    way = given;
  });

  describe("an engine", () => {
    it("gets its own key and the mark, and never the client's key", async () => {
      const one = await gateway(speaking("Hello"));
      const client = new OpenAI({ baseURL: `${one.url}/v1`, apiKey: "sk-acme" });
      const { data, response } = await client.chat.completions
        .create({ ...usual, stream: true })
        .withResponse();
      const said = await Array.fromAsync(data);
      expect(said[0].choices[0].delta.content).toBe("Hello");
      expect(response.headers.get("x-watermark-profile")).toBe("acme-mark");
      expect(one.upstream.received[0]).toMatchObject({
        headers: { authorization: "Bearer sk-of-the-engine" },
        body: { watermarking: true },
      });
      expect(JSON.stringify(one.upstream.received)).not.toContain("sk-acme");
    });

    it("is reached on the paths that write and list, and no others", async () => {
      const one = await gateway(speaking("Hello"));
      for (const path of ["/v1/load_lora_adapter", "/", "/v1/../shutdown", "/metrics"]) {
        expect(await errorOf(await ask(one, usual, { path }))).toEqual([
          404,
          "invalid_request_error",
          "not_found",
        ]);
      }
      expect(one.upstream.received).toEqual([]);
    });

    it("that is not there is 502", async () => {
      const one = await gateway(null);
      expect(await errorOf(await ask(one))).toEqual([502, "api_error", "upstream_unreachable"]);
      expect(one.sink.ended).toMatchObject([{ outcome: "failed", httpStatus: null }]);
    });

    it("that does not begin to answer is 504, and is let go", async () => {
      const one = await gateway(() => {}, { patienceMs: 500 });
      expect(await errorOf(await ask(one))).toEqual([504, "api_error", "upstream_timeout"]);
      await until(() => one.upstream.aborted === 1);
      expect(one.sink.ended).toMatchObject([{ outcome: "failed" }]);
    });

    it("that stalls in its stream is cut, and so is the client's", async () => {
      const one = await gateway(
        beginning(() => {}),
        { patienceMs: 500 },
      );
      const response = await ask(one, { ...usual, stream: true });
      await expect(response.text()).rejects.toThrow("terminated");
      await until(() => one.upstream.aborted === 1 && one.sink.ended.length === 1);
      expect(one.sink.ended).toMatchObject([
        { outcome: "cut", choices: [{ textSha256: sha("Hello") }] },
      ]);
    });

    it("that resets its stream resets the client's", async () => {
      const one = await gateway(beginning((response) => response.socket?.resetAndDestroy()));
      const response = await ask(one, { ...usual, stream: true });
      await expect(response.text()).rejects.toThrow("terminated");
      await until(() => one.sink.ended.length === 1);
      expect(one.sink.ended).toMatchObject([{ outcome: "cut" }]);
    });

    it("that writes slowly, but writes, is waited for", async () => {
      const one = await gateway(
        (_received, response) => {
          response.writeHead(200, { "content-type": "text/event-stream" });
          let n = 0;
          const timer = setInterval(() => {
            if (++n < 5) return void response.write(events([chunk(`${n}`)]));
            clearInterval(timer);
            response.end(events(["[DONE]"]));
          }, 400);
        },
        { patienceMs: 1500 },
      );
      const text = await (await ask(one, { ...usual, stream: true })).text();
      expect(text).toBe(events([chunk("1"), chunk("2"), chunk("3"), chunk("4"), "[DONE]"]));
    });

    it("that has only begun has its head passed on", async () => {
      let go = (): void => {};
      const one = await gateway((_received, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
        go = () => response.end(events([chunk("Hello"), "[DONE]"]));
      });
      const response = await ask(one, { ...usual, stream: true });
      expect(response.headers.get("x-watermark-profile")).toBe("acme-mark");
      go();
      expect(await response.text()).toBe(events([chunk("Hello"), "[DONE]"]));
    });

    const odd: readonly (readonly [string, readonly Buffer[]])[] = [
      [
        "half a character, in two pieces",
        [Buffer.from('data: {"choices":[{"delta":{"content":"\u{1F30D}"}}]}\n\n')].flatMap(
          (all) => [all.subarray(0, 41), all.subarray(41)],
        ),
      ],
      [
        "half a character, and no more",
        [Buffer.concat([Buffer.from('data: "'), Buffer.from("\u{1F30D}").subarray(0, 2)])],
      ],
      ["bytes that are no UTF-8", [Buffer.from([0xff, 0xfe, 0x0a, 0x0a])]],
      ["events that are no JSON", [Buffer.from("data: {oops\n\ndata: [DONE]\n\n")]],
      ["an event without an end", [Buffer.from('data: {"choices"')]],
      ["an endless line", [Buffer.from(`data: ${"x".repeat(3 << 20)}`)]],
    ];

    it.each(odd)("that sends %s: the client gets those bytes", async (_what, pieces) => {
      const one = await gateway(async (_received, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        for (const piece of pieces) {
          response.write(piece);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        response.end();
      });
      const response = await ask(one, { ...usual, stream: true });
      expect(Buffer.from(await response.arrayBuffer()).equals(Buffer.concat(pieces))).toBe(true);
      expect(one.sink.ended).toMatchObject([{ outcome: "complete" }]);
    });

    it("that answers with an error, or headers of ours, gives what it gives, without the headers", async () => {
      const one = await gateway((_received, response) => {
        response.writeHead(429, {
          "x-watermark-status": "applied",
          "x-watermark-profile": "forged",
          "retry-after": "3",
        });
        response.end('{"error":{"message":"slow down"}}');
      });
      const response = await ask(one);
      expect([response.status, response.headers.get("retry-after")]).toEqual([429, "3"]);
      expect(response.headers.get("x-watermark-profile")).toBe("acme-mark");
      expect(await response.json()).toEqual({ error: { message: "slow down" } });
      expect(one.sink.ended).toMatchObject([{ outcome: "refused", httpStatus: 429 }]);
    });

    it("that encodes its answer all the same is decoded and read", async () => {
      const one = await gateway((_received, response) => {
        response.writeHead(200, {
          "content-type": "text/event-stream",
          "content-encoding": "gzip",
          "set-cookie": ["a=1", "b=2"],
        });
        response.end(gzipSync(events([chunk("Hello"), "[DONE]"])));
      });
      const response = await ask(one, { ...usual, stream: true });
      expect(response.headers.get("content-encoding")).toBeNull();
      expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
      expect(await response.text()).toBe(events([chunk("Hello"), "[DONE]"]));
      expect(one.sink.ended).toMatchObject([{ choices: [{ textSha256: sha("Hello") }] }]);
    });

    it("that writes faster than the client reads has to wait", async () => {
      const piece = Buffer.alloc(1 << 16, "\n");
      const [wanted, memory] = [1 << 30, 1 << 25];
      let written = 0;
      const one = await gateway((_received, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        const write = (): void => {
          while (written < wanted && response.write(piece)) written += piece.length;
          response.once("drain", write);
        };
        write();
      });
      const response = await ask(one, { ...usual, stream: true });
      const reader = response.body?.getReader();
      await reader?.read();
      let before = -1;
      await expect
        .poll(() => [before, (before = written)], { interval: 100 })
        .toSatisfy(([was, is]) => was === is);
      expect(written).toBeLessThan(memory);
      await reader?.cancel();
      await until(() => one.sink.ended.length === 1);
    });
  });

  describe("a client", () => {
    it.each([
      ["{", 400, "invalid_json"],
      [Buffer.from([0x7b, 0xff, 0x7d]), 400, "invalid_json"],
      [Buffer.from('{"watermarking":false}', "utf16le"), 400, "invalid_json"],
      ['{"x":NaN}', 400, "invalid_json"],
      [`{"x":"${"y".repeat(2000)}"}`, 413, "request_too_large"],
    ])(
      "whose body is broken (%#) is told so, and the engine is not asked",
      async (body, status, code) => {
        const one = await gateway(speaking("Hello"), { longestBody: 1000 });
        expect(await errorOf(await ask(one, body))).toEqual([
          status,
          "invalid_request_error",
          code,
        ]);
        expect(one.upstream.received).toEqual([]);
      },
    );

    it("that leaves in the middle frees the engine, and its record is cut", async () => {
      const one = await gateway(
        beginning(() => {}),
        { patienceMs: 29_000 },
      );
      const leaving = new AbortController();
      const init = {
        method: "POST",
        headers: { authorization: "Bearer sk-acme" },
        signal: leaving.signal,
      };
      const response = await fetch(`${one.url}/v1/chat/completions`, {
        ...init,
        body: JSON.stringify(usual),
      });
      await response.body?.getReader().read();
      leaving.abort();
      await until(() => one.upstream.aborted === 1 && one.sink.ended.length === 1);
      expect(one.sink.ended).toMatchObject([{ outcome: "cut" }]);
    });

    it("whose key ends in the middle of a stream gets its end, and no other answer", async () => {
      let isValid = true;
      const resolveTenant: UpstreamServerOptions["resolveTenant"] = () =>
        isValid ? tenants[0] : null;
      const one = await gateway(
        beginning((response) => response.end(events([chunk(" there"), "[DONE]"]))),
        { resolveTenant },
      );
      const response = await ask(one, { ...usual, stream: true });
      isValid = false;
      expect(await response.text()).toContain(" there");
      expect(await errorOf(await ask(one))).toEqual([
        401,
        "authentication_error",
        "invalid_api_key",
      ]);
      expect(one.sink.ended).toMatchObject([
        { outcome: "complete", choices: [{ textSha256: sha("Hello there") }] },
      ]);
    });

    it("cannot opt out, nor inject a header", async () => {
      const one = await gateway(speaking("Hello"));
      const forged = {
        ...usual,
        watermarking: false,
        extra_body: { watermarking: false },
        vllm_xargs: { watermark: {} },
      };
      await ask(one, forged);
      expect(one.upstream.received[0].body).toEqual({
        ...usual,
        watermarking: true,
        extra_body: {},
        vllm_xargs: {},
      });
      const { port } = new URL(one.url);
      const headers = { authorization: "Bearer sk-acme", "x-watermark-profile": "forged" };
      const path = "/v1/chat/completions?x=%0d%0ax-watermark-status:%20skipped";
      const sent = httpRequest({ port, host: "127.0.0.1", method: "POST", path, headers });
      sent.end(JSON.stringify(usual));
      const [response] = await once(sent, "response");
      expect(response.headers["x-watermark-status"]).toBe("applied");
      expect(response.headers["x-watermark-profile"]).toBe("acme-mark");
      expect(one.upstream.received[1].headers["x-watermark-profile"]).toBeUndefined();
      response.resume();
      await once(response, "end");
    });
  });

  it("a ledger has both ends of every answer, whatever went wrong with it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "faults-"));
    const path = join(folder, "ledger.jsonl");
    const ledger = await FileLedger.open(path);
    const faulty: Record<string, Handler> = {
      good: speaking("Hello"),
      reset: beginning((response) => response.socket?.resetAndDestroy()),
      stall: beginning(() => {}),
      silent: () => {},
      refused: (_received, response) => void response.writeHead(429).end("{}"),
      broken: (_received, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.end(Buffer.from([0xf0, 0x9f]));
      },
      left: beginning(() => {}),
    };
    const handler: Handler = (received, response) =>
      faulty[String(received.body.model)](received, response);
    const one = await gateway(handler, { patienceMs: 700, sink: ledger });
    const names = Object.keys(faulty);
    await Promise.all(
      names.map(async (model) => {
        const response = await ask(one, { ...usual, model, stream: true });
        if (model === "left") return response.body?.cancel();
        return response.text().catch(() => {});
      }),
    );
    // Refused before it begins: no record.
    await ask(one, "{");
    const outcomes = async (): Promise<Record<string, string | undefined>> => {
      const answers = await Array.fromAsync(readLedger(path));
      return Object.fromEntries(answers.map(({ start, end }) => [start.model, end?.outcome]));
    };
    const wanted = {
      good: "complete",
      reset: "cut",
      stall: "cut",
      silent: "failed",
      refused: "refused",
      broken: "complete",
      left: "cut",
    };
    await expect.poll(outcomes, { timeout: 5000 }).toEqual(wanted);
    await ledger.close();
    await rm(folder, { recursive: true });
  });

  it("nothing of a key, of a text or of another tenant is in any record, error or answer", async () => {
    const secret = "the secret recipe of globex";
    // What the HTTP server itself prints of broken streams.
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    const one = await gateway(({ body }, response) => {
      if (JSON.stringify(body).includes("break")) return void response.socket?.destroy();
      return speaking(secret)({ path: "", headers: {}, body }, response);
    });
    await (
      await ask(
        one,
        { ...usual, messages: [{ role: "user", content: secret }] },
        { key: "sk-globex" },
      )
    ).text();
    const seen = [];
    for (const body of [usual, "{", { ...usual, model: "break" }]) {
      const response = await ask(one, body);
      seen.push(
        `${JSON.stringify([...response.headers])}${body === usual ? "" : await response.text()}`,
      );
    }
    const refused = await ask(one, usual, { key: "sk-guessed" });
    seen.push(await refused.text());
    const written = JSON.stringify([one.sink.started, one.sink.ended]);
    const logged = printed.mock.calls.map((args) => format(...args)).join("\n");
    printed.mockRestore();
    const told = one.errors
      .map((error) => (error instanceof Error ? `${error.stack}` : String(error)))
      .join("\n");
    for (const text of [written, told, logged, ...seen]) {
      expect(text).not.toContain("recipe");
      expect(text).not.toMatch(/sk-(acme|globex|guessed|of-the-engine)/);
      for (const n of [1, 2]) expect(text).not.toContain(keyOf(n).reveal());
    }
    for (const text of seen) expect(text).not.toContain("globex");
    expect(one.errors).toHaveLength(1);
  });
});
