import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { Key, bindScheme } from "@verdigris/core";
import {
  type ExternalAudit,
  endpointTeacher,
  openEndpoint,
  randomStream,
} from "@verdigris/survival";
import { openLlama } from "@verdigris/watermark/node-llama-cpp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Io } from "../src/io.js";
import {
  KEY,
  PROFILE,
  TOKENIZER,
  cli,
  file,
  inFolder,
  jsonl,
  keyPath,
  profilePath,
  serveWords,
  text,
  tokenizer,
} from "./support.js";

const texts = await Promise.all(
  Array.from({ length: 8 }, (_, i) => text(`shown ${i}`, 60, { key: null })),
);
const textsPath = file("shown.jsonl", jsonl(...texts.map((each) => ({ text: each }))));
const MARK = ["audit", "--profile", profilePath, "--key-file", keyPath, "--tokenizer", TOKENIZER];
const otherKey = file("other.key", `${"5a".repeat(32)}\n`);

/** `verdigris audit` with the tests' profile. */
async function audit(args: readonly string[], change: Partial<Io> = {}): Promise<ExternalAudit> {
  const { code, stdout, stderr } = await cli(
    ["audit", "--profile", profilePath, "--tokenizer", TOKENIZER, "--format", "json", ...args],
    change,
  );
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout) as ExternalAudit;
}

describe("an OpenAI-compatible endpoint, over HTTP", () => {
  let url = "";
  let stop = async (): Promise<void> => {};

  beforeAll(async () => ({ url, stop } = await serveWords("student")));
  afterAll(() => stop());

  const asked = (): readonly string[] => [
    "--student",
    url,
    "--model-id",
    "words",
    "--texts",
    textsPath,
    "--count",
    "200",
  ];

  test("a student that kept the mark is found out by its own key", async () => {
    const { closed } = await audit([...asked(), "--key-file", keyPath]);
    expect(closed.evidence.n).toBeGreaterThan(150);
    expect(closed.evidence.log10P).toBeLessThan(-20);
    expect(closed.interval.lower).toBeGreaterThan(0.2);
    expect(closed.decoys.p).toBe(1 / 200);
  });

  test("and by no other key; its server shows the probabilities before the mark", async () => {
    const { closed, open } = await audit([...asked(), "--key-file", otherKey]);
    expect(closed.evidence.log10P).toBeGreaterThan(-3);
    expect(open?.n).toBeGreaterThan(150);
    expect(open?.log10P).toBeGreaterThan(-3);
  });

  test("as a teacher it answers, but takes no mark of ours", async () => {
    const teacher = endpointTeacher(await openEndpoint({ url, model: "words" }), tokenizer);
    const teaching = { scheme: null, random: (i: number) => randomStream("t", i), maxTokens: 12 };
    const answers = await teacher.answer(["one two", "three four"], teaching);
    expect(answers.map(({ prompt }) => prompt)).toEqual(["one two", "three four"]);
    for (const { answer, tokens } of answers) expect(tokenizer.decode(tokens)).toBe(answer);
    expect(answers[0].tokens.length).toBe(12);
    await expect(
      teacher.answer(["one"], { ...teaching, scheme: bindScheme(PROFILE, KEY) }),
    ).rejects.toThrow(/cannot be marked from outside/);
  });

  test.each([
    [
      "one that is not there",
      [],
      {},
      /\/nowhere: 404 .*; is it the base of an OpenAI-compatible API/,
    ],
    [
      "a key that is not set",
      ["--api-key-env", "STUDENT_KEY"],
      { OPENAI_API_KEY: "sk-mine" },
      /^error: --api-key-env: expected an API key in the environment variable STUDENT_KEY, which is not set\n$/,
    ],
    [
      "a key instead of its variable",
      ["--api-key-env", "sk-mine"],
      {},
      /^error: --api-key-env: expected the name of an environment variable/,
    ],
  ])("%s is an error of its own", async (_what, args, env, says) => {
    const where = ["--student", `${url}/nowhere`, "--model-id", "words", "--texts", textsPath];
    const { code, stderr } = await cli([...MARK, ...where, ...args], { env });
    expect(stderr).toMatch(says);
    expect(stderr).not.toContain("sk-mine");
    expect(code).toBe(2);
  });
});

test("an endpoint is sent the API key that is named, and no other", async () => {
  const heard = new Set<string | undefined>();
  const server = createServer((request, response) => {
    heard.add(request.headers.authorization);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ choices: [{ text: " word", index: 0 }] }));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const where = ["--student", `http://127.0.0.1:${port}/v1`, "--model-id", "m", "--count", "20"];
  const env = { STUDENT_KEY: "sk-of-the-student", OPENAI_API_KEY: "sk-mine" };
  const asked = [...MARK, ...where, "--texts", textsPath];
  const { code, stdout, stderr } = await cli([...asked, "--api-key-env", "STUDENT_KEY"], { env });
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).not.toContain("sk-");
  expect([...heard]).toEqual(["Bearer sk-of-the-student"]);
  heard.clear();
  await cli(asked, { env });
  expect([...heard]).toEqual([undefined]);
  server.close();
});

describe("recorded answers", () => {
  test("questions go out without the key, and answers come back as evidence", async () => {
    const questions = inFolder("questions.jsonl");
    const asked = ["--texts", textsPath, "--count", "300", "--questions", questions];
    const { code } = await cli([
      "audit",
      "--profile",
      profilePath,
      "--tokenizer",
      TOKENIZER,
      ...asked,
    ]);
    expect(code).toBe(0);
    const contexts = readFileSync(questions, "utf8")
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { context: number[] }).context);
    expect(new Set(contexts.map((context) => context.slice(-2).join(" "))).size).toBe(
      contexts.length,
    );
    const key = Key.fromText(readFileSync(keyPath, "utf8"));
    const scheme = bindScheme(PROFILE, key);
    // The answerer prefers green: of two words it takes the one whose logit the mark raises.
    const answers = contexts.map((context, i) => {
      const ids = Uint32Array.from([1000 + i, 3000 + i]);
      const logits = new Float32Array(2);
      scheme.reweight(Uint32Array.from(context), logits, ids);
      const best = logits[1] > logits[0] ? 1 : 0;
      return { context, token: ids[best], ids: [ids[best]], p: [1] };
    });
    const path = file("answers.jsonl", jsonl(...answers));
    const { student, closed, open } = await audit(["--student", path, "--key-file", keyPath]);
    expect([student, closed.evidence.n]).toEqual(["recorded", contexts.length]);
    expect(closed.evidence.effect).toBeGreaterThan(0.1);
    expect(open?.effect).toBeCloseTo(closed.evidence.effect, 12);
    const drawsOnly = file(
      "draws.jsonl",
      jsonl(...answers.map(({ context, token }) => ({ context, token }))),
    );
    expect((await audit(["--student", drawsOnly, "--key-file", keyPath])).open).toBeNull();
  });

  test.each([
    ["a broken line", '{"context": [1, 2], "token": -1}\n', /broken-0.jsonl:1.token: /],
    ["no JSON", "context\n", /broken-1.jsonl:1: is not JSON/],
  ])("%s is named", async (_what, content, message) => {
    const path = file(content.startsWith("{") ? "broken-0.jsonl" : "broken-1.jsonl", content);
    const { code, stderr } = await cli([...MARK, "--student", path]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});

const MODEL = fileURLToPath(
  new URL("../../../fixtures/models/SmolLM2-135M-Instruct.Q4_1.gguf", import.meta.url),
);

test("a GGUF student shows every probability, and an innocent one shows no mark", async () => {
  const args = ["--student", MODEL, "--texts", textsPath, "--count", "24", "--key-file", keyPath];
  const { student, closed, open } = await audit(args, { openModel: openLlama });
  expect([student, closed.evidence.n]).toEqual(["model", 24]);
  expect(closed.evidence.log10P).toBeGreaterThan(-4);
  expect(open?.n).toBe(24);
  expect(Math.abs(open?.effect ?? 1)).toBeLessThan(0.3);
});
