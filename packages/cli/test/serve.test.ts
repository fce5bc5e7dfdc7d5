import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { Ended, Started } from "@verdigris/gateway";
import { openLlama } from "@verdigris/watermark/node-llama-cpp";
import { generateText, streamText } from "ai";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Io } from "../src/io.js";
import {
  KEY_HEX,
  type Running,
  TOKENIZER,
  cli,
  file,
  inFolder,
  keyPath,
  profilePath,
  profileWith,
  score,
  started,
  tokenizer,
  wordModel,
} from "./support.js";

const models = fileURLToPath(new URL("../../../fixtures/models/", import.meta.url));
const MODEL = `${models}SmolLM2-135M-Instruct.Q4_1.gguf`;
const CORPUS = fileURLToPath(
  new URL("../../../fixtures/corpora/samples/unmarked.txt", import.meta.url),
);
const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

const keys = { acme: digest("acme's key"), globex: digest("globex's key") };
const profileOf = (id: string): Record<string, unknown> =>
  profileWith({ id, h: 1, parameters: { gamma: 0.25, delta: 3 } });
for (const name of ["acme", "globex"] as const) {
  file(`${name}.json`, JSON.stringify(profileOf(name)));
}
file("acme.key", keys.acme);
const tenants = {
  tenants: [
    {
      name: "acme",
      group: "customer",
      apiKeySha256: digest("sk-acme"),
      profile: "acme.json",
      key: { file: "acme.key" },
    },
    {
      name: "globex",
      apiKeySha256: digest("sk-globex"),
      profile: "globex.json",
      key: { command: [process.execPath, "-p", `"${keys.globex}"`] },
    },
  ],
  detection: {
    tokenizer: TOKENIZER,
    clients: [{ name: "press", apiKeySha256: digest("sk-press") }],
  },
};

/** `verdigris serve` in this process, once it listens. */
function serving(args: readonly string[], change: Partial<Io> = {}): Promise<Running> {
  const all = ["serve", "--model", MODEL, "--port", "0", ...args];
  return started(all, { openModel: openLlama, ...change });
}

const PROMPT = "Tell a long story about a fisherman and the sea.";
const body = {
  model: "smollm2",
  messages: [{ role: "user" as const, content: PROMPT }],
  max_tokens: 90,
};

/** The weights are a package of 93 MB; a machine that cannot have them fails here, it does not skip. */
describe("verdigris serve, with a real model", () => {
  let server: Running;
  const client = (apiKey: string): OpenAI => new OpenAI({ baseURL: `${server.url}/v1`, apiKey });
  const records = (): (Started | Ended)[] =>
    readFileSync(inFolder("records.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Started | Ended);

  beforeAll(async () => {
    if (!existsSync(MODEL))
      execFileSync(process.execPath, [`${models}fetch.mjs`], { stdio: "inherit" });
    const path = file("tenants.json", JSON.stringify(tenants));
    const args = [
      "--tenants",
      path,
      "--model-id",
      "smollm2",
      "--records",
      "records.jsonl",
      "--collected",
      "counted",
    ];
    server = await serving([...args, "--context", "512", "--grace", "20"]);
  });
  afterAll(async () => {
    server?.stop();
    await server?.code;
  });

  /** The profiles that are found in a text. */
  async function detected(text: string): Promise<readonly string[]> {
    const response = await fetch(`${server.url}/v1/detect`, {
      method: "POST",
      headers: { authorization: "Bearer sk-press" },
      body: JSON.stringify({ text }),
    });
    const { results } = (await response.json()) as {
      results: { profile: string; verdict: string }[];
    };
    expect(results).toHaveLength(2);
    return results.filter(({ verdict }) => verdict === "detected").map(({ profile }) => profile);
  }

  test("the openai client and the AI SDK get their tenant's mark and no other's, streaming or not", async () => {
    const texts = await Promise.all(
      ["acme", "globex"].flatMap((name) => {
        const openai = client(`sk-${name}`);
        const baseURL = `${server.url}/v1`;
        const sdk = createOpenAICompatible({ name: "verdigris", baseURL, apiKey: `sk-${name}` });
        const asked = { model: sdk("smollm2"), prompt: PROMPT, maxOutputTokens: 90, seed: 2 };
        // Without a seed an answer may end after a sentence or two, too soon for a verdict.
        const seeded = { ...body, seed: 1 };
        const streamed = async (): Promise<string> => {
          let text = "";
          const stream = await openai.chat.completions.create({ ...seeded, stream: true });
          for await (const { choices } of stream) text += choices[0]?.delta.content ?? "";
          return text;
        };
        const whole = async (): Promise<string> =>
          (await openai.chat.completions.create(seeded)).choices[0].message.content ?? "";
        return [
          whole().then((text) => ({ name, text })),
          streamed().then((text) => ({ name, text })),
          generateText(asked).then(({ text }) => ({ name, text })),
          Promise.resolve(streamText(asked).text).then((text) => ({ name, text })),
        ];
      }),
    );
    for (const { name, text } of texts) {
      expect(text.length).toBeGreaterThan(150);
      expect(await detected(text)).toEqual([name]);
    }
  });

  test("an answer names its mark and its record, which count its tokens", async () => {
    const { data, response } = await client("sk-globex")
      .chat.completions.create({ ...body, max_tokens: 3 })
      .withResponse();
    expect(response.headers.get("x-watermark-profile")).toBe("globex");
    expect(response.headers.get("x-watermark-status")).toBe("applied");
    const record = response.headers.get("x-watermark-record");
    const written = (): readonly unknown[] => records().filter((entry) => entry.record === record);
    // The end is written when the answer has passed.
    for (let i = 0; i < 200 && written().length < 2; i++) await sleep(20);
    expect(written()).toMatchObject([
      { kind: "started", tenant: "globex" },
      { kind: "ended", outcome: "complete", completionTokens: 3 },
    ]);
    expect(data.usage).toMatchObject({ completion_tokens: 3 });
    // The template of the file begins with a system turn of its own: 31 tokens before the user's.
    expect(data.usage?.prompt_tokens).toBeGreaterThan(31);
  });

  test("a client that leaves ends its answer", async () => {
    const { data, response } = await client("sk-acme")
      .chat.completions.create({ ...body, max_tokens: 400, stream: true })
      .withResponse();
    for await (const _ of data) break;
    const record = response.headers.get("x-watermark-record");
    const end = (): unknown =>
      records().find((one) => one.kind === "ended" && one.record === record);
    for (let i = 0; i < 200 && end() === undefined; i++) await sleep(20);
    expect(end()).toMatchObject({ outcome: "cut" });
  });

  test("refuses in the words of the API", async () => {
    const unknown = client("sk-nobody").chat.completions.create(body);
    await expect(unknown).rejects.toMatchObject({ status: 401, code: "invalid_api_key" });
    const other = client("sk-acme").chat.completions.create({ ...body, model: "gpt" });
    await expect(other).rejects.toMatchObject({ status: 404, code: "model_not_found" });
    const long = { ...body, messages: [{ role: "user" as const, content: "word ".repeat(600) }] };
    const tooLong = client("sk-acme").chat.completions.create(long);
    await expect(tooLong).rejects.toMatchObject({ status: 400, code: "context_length_exceeded" });
  });

  test("asked to end, lets an answer end first, and tells no key", async () => {
    const running = client("sk-acme").chat.completions.create({ ...body, max_tokens: 20 });
    await sleep(100);
    server.stop();
    expect((await running).choices[0].message.content).not.toBe("");
    expect(await server.code).toBe(0);
    const told = `${server.stdout.text}${server.stderr.text}${JSON.stringify(records())}`;
    for (const key of Object.values(keys)) expect(told).not.toContain(key.slice(0, 16));
    expect(told).not.toContain("sk-");
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow("fetch failed");
  });

  test("what each tenant collected was counted, and can be monitored; with a mark in it", async () => {
    expect(statSync(inFolder("counted/salt")).mode & 0o777).toBe(0o600);
    const audit = { tokenizer: TOKENIZER, audit: [CORPUS], student: "count" };
    const profiles = [inFolder("acme.json"), inFolder("globex.json")];
    const config = { collected: ["counted"], forecast: { ...audit, profiles, windows: 1000 } };
    const path = file("monitor.json", JSON.stringify(config));
    const { code, stdout } = await cli(["monitor", "--config", path, "--format", "json"]);
    expect(code).toBe(0);
    const { groups } = JSON.parse(stdout) as {
      groups: { group: string; tokens: number; forecast: { excess: number } | null }[];
    };
    expect(groups.map(({ group }) => group).toSorted()).toEqual(["customer", "globex"]);
    const ends = records().flatMap((one) =>
      one.kind === "ended" ? (one.completionTokens ?? 0) : 0,
    );
    const tokens = groups.reduce((sum, group) => sum + group.tokens, 0);
    expect(tokens).toBe(ends.reduce((sum, n) => sum + n, 0));
    // The green rate at δ = 3 is far above γ; without a mark the excess would be some .01.
    for (const { forecast } of groups) expect(forecast?.excess).toBeGreaterThan(0.1);
  });
});

describe("verdigris serve --unmarked", () => {
  test("marks nothing, whatever the tenant, and says so", async () => {
    const openModel: Io["openModel"] = async () => ({
      ...wordModel("unmarked"),
      sequences: 1,
      contextSize: 300,
      encode: (prompt) => tokenizer.encode(prompt),
      decode: (tokens) => tokenizer.decode(tokens),
      chat: () => null,
      dispose: async () => {},
    });
    const mark = ["--profile", profilePath, "--key-file", keyPath];
    const counted = ["--unmarked", "--collected", "unmarked"];
    const server = await serving([...mark, ...counted, "--model-id", "words"], { openModel });
    const response = await fetch(`${server.url}/v1/completions`, {
      method: "POST",
      body: JSON.stringify({ model: "words", prompt: "Words", max_tokens: 200 }),
    });
    expect(response.headers.get("x-watermark-status")).toBe("skipped;reason=machine-to-machine");
    const { choices } = (await response.json()) as { choices: readonly { text: string }[] };
    expect((await score(file("unmarked.txt", choices[0].text))).code).toBe(1);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain("verdigris_answers_uncounted 0");
    server.stop();
    expect(await server.code).toBe(0);
    const path = file("unmarked.json", JSON.stringify({ collected: ["unmarked"] }));
    const { stdout } = await cli(["monitor", "--config", path]);
    expect(stdout).toContain("collected 1 answer, 200 tokens, 0 % of them marked; 100 % of what");
  });
});

describe("verdigris serve refuses to start", () => {
  const one = tenants.tenants[0];
  const started = async (value: unknown, env: Io["env"] = {}): Promise<string> => {
    const path = file("bad.json", JSON.stringify(value));
    const { code, stderr } = await cli(["serve", "--model", "m.gguf", "--tenants", path], { env });
    expect(code).toBe(2);
    return stderr;
  };

  test("without tenants or a profile, or with both", async () => {
    const { code, stderr } = await cli(["serve", "--model", "m.gguf"]);
    expect([code, stderr]).toEqual([
      2,
      "error: serve: expected either --tenants FILE or --profile FILE\n",
    ]);
  });

  test("with a file that does not say what it must", async () => {
    expect(await started({ tenants: [] })).toContain("tenants");
    expect(await started({ tenants: [one, one] })).toContain("expected each tenant's own name");
    const twin = { ...one, name: "twin" };
    expect(await started({ tenants: [one, twin] })).toContain("each tenant's own apiKeySha256");
    expect(await started({ tenants: [{ ...one, key: KEY_HEX }] })).toContain("tenants.0.key");
  });

  test("with a key that is not there, naming the place and not the key", async () => {
    const withKey = (key: unknown): unknown => ({ tenants: [{ ...one, key }] });
    expect(await started(withKey({ env: "NO_SUCH" }))).toContain("NO_SUCH is not set");
    expect(await started(withKey({ env: "HALF" }), { HALF: KEY_HEX.slice(1) })).toContain(
      "HALF: key: expected 64",
    );
    expect(await started(withKey({ file: "nowhere" }))).toContain("nowhere does not exist");
    const failing = {
      command: [process.execPath, "-e", `console.error("${KEY_HEX}"); process.exit(3)`],
    };
    expect(await started(withKey(failing))).toContain("failed (3)");
  });

  test("when nobody could be told from anybody, it says so", async () => {
    let disposed = 0;
    const model = {
      vocabularySize: 49_152,
      endTokens: new Set<number>(),
      sequences: 1,
      contextSize: 64,
    };
    const openModel: Io["openModel"] = async () => ({
      ...model,
      start: () => Promise.reject(new Error("this test writes nothing")),
      encode: () => new Uint32Array(1),
      decode: () => "",
      chat: () => null,
      dispose: async () => void disposed++,
    });
    const args = ["--profile", profilePath, "--key-file", keyPath, "--host", "0.0.0.0"];
    const server = await serving(args, { openModel });
    expect(server.stderr.text).toContain("warning: whoever reaches this address may ask");
    server.stop();
    expect(await server.code).toBe(0);
    expect(disposed).toBe(1);
  });
});
