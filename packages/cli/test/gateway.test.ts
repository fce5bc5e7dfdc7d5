/** `verdigris gateway --collected`: what an engine's answers hold is counted, whether it sends ids or not. */
import { createHash } from "node:crypto";
import { type Server, createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { existsSync } from "node:fs";
import type { Tokens } from "@verdigris/core";
import { type Collected, collections } from "@verdigris/gateway/collection";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
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

async function read(directory: string): Promise<readonly Collected[]> {
  return Array.fromAsync(collections([directory]));
}

describe("verdigris gateway --collected", () => {
  test("counts each tenant's tokens and prompts, and finds the mark in them, with ids or without", async () => {
    const path = file("tenants-gateway.json", JSON.stringify(tenants));
    // Two instances in one directory: each makes and finds the same salt, and neither loses what the other counts.
    const servers = await Promise.all(
      [0, 1].map(() => started(gateway(path, "--collected", "passed"))),
    );
    const ask = async (name: string, seed: number): Promise<void> => {
      const messages = [
        { role: "user", content: "Tell me the same old story once again, please." },
      ];
      const body = { stream: true, seed, messages, return_token_ids: name === "sent" };
      const response = await fetch(`${servers[seed % 2].url}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer sk-${name}` },
        body: JSON.stringify(body),
      });
      await response.text();
    };
    await Promise.all(answers.map((_, i) => ask("sent", i)));
    await Promise.all(answers.map((_, i) => ask("read", i)));
    for (const { url } of servers) {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      expect(metrics).toContain("verdigris_answers_uncounted 0\n");
    }
    for (const { stop } of servers) stop();
    expect(await Promise.all(servers.map(({ code }) => code))).toEqual([0, 0]);
    const [all, ...each] = await read(inFolder("passed"));
    const tokens = answers.reduce((sum, { length }) => sum + length, 0);
    expect(all.volume).toMatchObject({ answers: 16, markedTokens: 2 * tokens });
    // Words have the same tokens again: both ways saw the same answers, and the same prompt 16 times.
    for (const { volume } of each) expect(volume).toMatchObject({ answers: 8, tokens });
    expect(each[0].volume.scored).toBe(each[1].volume.scored);
    expect(all.volume.excess / all.volume.scored).toBeGreaterThan(0.1);
    // The salt is a new one each time: under some, two of the prompt's windows meet in the sketch.
    const missed = all.volume.promptWindows / 16 - all.prompts.estimate;
    expect(Math.abs(missed)).toBeLessThan(1.5);
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
