/** What an endpoint sends, and what it makes of a server's refusals. Over HTTP, against a server of a few lines. */
import { type IncomingHttpHeaders, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { ApiKey, openEndpoint } from "../src/index.js";
import { portable, unpacked } from "../src/lab/material.js";
import { studyMaterial } from "./lab/support.js";

const SECRET = "sk-5a0b-secret";
const KEY = new ApiKey(`${SECRET}\n`, "TEACHER_KEY");

interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Replies in turn, the last one again and again. */
let replies: Reply[] = [];
let heard: IncomingHttpHeaders[] = [];
const server = createServer((request, response) => {
  heard.push(request.headers);
  const { status, body, headers } = replies.length > 1 ? (replies.shift() as Reply) : replies[0];
  // No test waits: the client takes this as it takes Retry-After.
  response.writeHead(status, {
    "content-type": "application/json",
    "retry-after-ms": "1",
    ...headers,
  });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
});
let url = "";
beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
afterAll(() => void server.close());
beforeEach(() => void ([replies, heard] = [[ANSWER], []]));

const ANSWER: Reply = { status: 200, body: { choices: [{ text: " word", index: 0 }] } };
const refusal = (status: number, message: string): Reply => ({
  status,
  body: { error: { message } },
});

const ask = async (options: object = { apiKey: KEY }): Promise<string> => {
  const endpoint = await openEndpoint({ url, model: "m", ...options });
  return (await endpoint.complete("one", { maxTokens: 1 })).text;
};

test("sends the key it is given, and nothing that the environment keeps for OpenAI", async () => {
  vi.stubEnv("OPENAI_API_KEY", "sk-mine");
  vi.stubEnv("OPENAI_ADMIN_KEY", "sk-admin");
  vi.stubEnv("OPENAI_ORG_ID", "org-mine");
  vi.stubEnv("OPENAI_PROJECT_ID", "project-mine");
  expect(await ask()).toBe(" word");
  expect(heard[0].authorization).toBe(`Bearer ${SECRET}`);
  await ask({});
  expect(heard[1].authorization).toBeUndefined();
  expect(JSON.stringify(heard)).not.toContain("mine");
  vi.unstubAllEnvs();
});

test("asks a busy server again, a bounded number of times", async () => {
  replies = [refusal(429, "slow down"), refusal(503, "loading"), ANSWER];
  expect(await ask()).toBe(" word");
  expect(heard.length).toBe(3);
  replies = [refusal(429, "slow down")];
  heard = [];
  await expect(ask({ retries: 2 })).rejects.toMatchObject({
    code: "ENDPOINT_FAILED",
    message: `${url}: 429 slow down; asked 3 times; too many requests, or the account's quota is used up`,
  });
  expect(heard.length).toBe(3);
});

test.each([
  [
    refusal(401, `no such key: ${SECRET}`),
    `401 no such key: [API key in TEACHER_KEY]; sent was the API key in TEACHER_KEY`,
  ],
  [refusal(403, "not for you"), "403 not for you; sent was the API key in TEACHER_KEY"],
  [
    { status: 403, body: `<html>\n${SECRET}${"x".repeat(999)}` },
    /: 403 <html> \[API key in TEACHER_KEY\]x{200,280}; sent/,
  ],
  [
    refusal(404, "no model m"),
    "404 no model m; is it the base of an OpenAI-compatible API (…/v1), with this model?",
  ],
  [refusal(400, "no prompt"), "400 no prompt"],
  [{ status: 200, body: { page: SECRET } }, "answered without choices; is it the base"],
  [
    { status: 200, body: "<html>", headers: { "content-type": "text/html" } },
    "answered without choices; is it the base",
  ],
] as readonly (readonly [Reply, string | RegExp])[])(
  "%j is told at once, without the key",
  async (reply, says) => {
    replies = [reply];
    const error: unknown = await ask().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "ENDPOINT_FAILED" });
    expect((error as Error).message).toMatch(says);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(SECRET);
    expect(heard.length).toBe(1);
  },
);

test("a key shows itself to no one who does not ask", async () => {
  expect(
    [`${KEY}`, JSON.stringify({ KEY }), inspect({ KEY }, { showHidden: true })].join(),
  ).not.toContain(SECRET);
  expect(KEY.reveal()).toBe(SECRET);
  expect(() => new ApiKey("a b", "X")).toThrow(
    /^X: expected an API key of 1 to 4,096 .*, got 3 char/,
  );
});

test("goes to a worker thread with the material, and is a key there again", async () => {
  const served = { unmarked: { url, model: "m", apiKey: KEY }, arms: [] };
  const sent = structuredClone(portable({ ...studyMaterial(), served }));
  const { served: got } = await unpacked(sent);
  expect(got?.unmarked.apiKey?.reveal()).toBe(SECRET);
  expect(inspect(got, { depth: 9 })).not.toContain(SECRET);
});
