/** `verdigris gateway --collected`: what an engine's answers hold is counted, whether it sends ids or not. */
import { createHash } from "node:crypto";
import { type Server, createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { existsSync, mkdirSync } from "node:fs";
import type { Tokens } from "@verdigris/core";
import { type Collected, collections } from "@verdigris/gateway/collection";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Running,
  TOKENIZER,
  cli,
  file,
  inFolder,
  keyPath,
  profilePath,
  profileWith,
  started,
  stockAnswers,
  tokenizer,
} from "./support.js";

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
const key = { file: keyPath };
const tenant = (name: string, profile = profilePath): Record<string, unknown> => ({
  name,
  group: "acme",
  profile,
  key,
  apiKeySha256: digest(`sk-${name}`),
});
const tenants = { tokenizer: TOKENIZER, tenants: [tenant("read"), tenant("sent")] };

let answers: readonly Tokens[];
let engine: Server;
let upstream: string;

/** Speaks as vLLM does: a token an event, with its ids if they are asked for. */
beforeAll(async () => {
  answers = await stockAnswers(8);
  engine = createServer(async (request, response) => {
    let text = "";
    for await (const piece of request) text += piece;
    const asked = JSON.parse(text) as { seed: number; return_token_ids?: boolean };
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const id of answers[asked.seed]) {
      const delta = { content: tokenizer.decode(Uint32Array.of(id)) };
      const ids = asked.return_token_ids === true ? { token_ids: [id] } : {};
      response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta, ...ids }] })}\n\n`);
    }
    response.end("data: [DONE]\n\n");
  }).listen(0, "127.0.0.1");
  await once(engine, "listening");
  upstream = `http://127.0.0.1:${(engine.address() as AddressInfo).port}`;
});
afterAll(() => engine.close());

const gateway = (tenantsFile: string, ...args: readonly string[]): readonly string[] => [
  "gateway",
  "--upstream",
  upstream,
  "--tenants",
  tenantsFile,
  "--port",
  "0",
  ...args,
];

const servers = (tenantsFile: string, directory: string): Promise<readonly Running[]> =>
  Promise.all([0, 1].map(() => started(gateway(tenantsFile, "--collected", directory))));

async function ask({ url }: Running, name: string, seed: number): Promise<void> {
  const messages = [{ role: "user", content: "Tell me the same old story once again, please." }];
  const body = { stream: true, seed, messages, return_token_ids: name === "sent" };
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer sk-${name}` },
    body: JSON.stringify(body),
  });
  await response.text();
}

async function ended(running: readonly Running[]): Promise<void> {
  for (const { stop } of running) stop();
  expect(await Promise.all(running.map(({ code }) => code))).toEqual([0, 0]);
}

async function read(directory: string): Promise<readonly Collected[]> {
  return Array.fromAsync(collections([directory]));
}

describe("verdigris gateway --collected", () => {
  test("counts each tenant's tokens and prompts, and finds the mark in them, with ids or without", async () => {
    const path = file("tenants-gateway.json", JSON.stringify(tenants));
    // A known salt: under one of chance in 75, two windows of the prompt meet in the sketch.
    mkdirSync(inFolder("passed"));
    file("passed/salt", "03".repeat(32));
    // Two instances in one directory: neither loses what the other counts.
    const both = await servers(path, "passed");
    await Promise.all(answers.map((_, i) => ask(both[i % 2], "sent", i)));
    await Promise.all(answers.map((_, i) => ask(both[i % 2], "read", i)));
    for (const { url } of both) {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      expect(metrics).toContain("verdigris_answers_uncounted 0\n");
    }
    await ended(both);
    const [all, ...each] = await read(inFolder("passed"));
    const tokens = answers.reduce((sum, { length }) => sum + length, 0);
    expect(all.volume).toMatchObject({ answers: 16, markedTokens: 2 * tokens });
    // Words have the same tokens again: both ways saw the same answers, and the same prompt 16 times.
    for (const { volume } of each) expect(volume).toMatchObject({ answers: 8, tokens });
    expect(each[0].volume.scored).toBe(each[1].volume.scored);
    expect(all.volume.excess / all.volume.scored).toBeGreaterThan(0.1);
    expect(Math.round(all.prompts.estimate)).toBe(all.volume.promptWindows / 16);
  });

  test("instances that start together in a new directory make one salt, and find it", async () => {
    const both = await servers(file("tenants-new.json", JSON.stringify(tenants)), "new");
    await Promise.all(both.map((one, i) => ask(one, "sent", i)));
    await ended(both);
    expect((await read(inFolder("new")))[0].volume.answers).toBe(2);
  });

  test.each([
    ["without a tokenizer", { ...tenants, tokenizer: undefined }, '"tokenizer": PATH), got none'],
    ["with a tokenizer that is none", { ...tenants, tokenizer: keyPath }, "is not JSON"],
    [
      "with another tokenizer than the profiles'",
      { ...tenants, tenants: [tenant("read", inFolder("other.json"))] },
      "is not the profile's tokenizer: expected SHA-256",
    ],
    [
      "with profiles of two tokenizers",
      { ...tenants, tenants: [tenant("read"), tenant("sent", inFolder("other.json"))] },
      "expected profiles of one tokenizer, got test-h2 and other",
    ],
  ])("is refused %s, and makes no directory", async (_, contents, message) => {
    const { sha256 } = (profileWith()["tokenizer"] ?? {}) as { sha256: string };
    const other = { id: "other", sha256: sha256.replace(/^./, (c) => (c === "0" ? "1" : "0")) };
    file("other.json", JSON.stringify(profileWith({ id: "other", tokenizer: other })));
    const path = file("tenants-refused.json", JSON.stringify(contents));
    const { code, stderr } = await cli(gateway(path, "--collected", "refused"));
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(existsSync(inFolder("refused"))).toBe(false);
  });
});
