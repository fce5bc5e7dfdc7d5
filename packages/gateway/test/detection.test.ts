import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Key, type Profile, parseProfile } from "@verdigris/core";
import { type ScoreJson, scoreSchema } from "@verdigris/detector/json";
import { readTokenizer } from "@verdigris/text";
import { describe, expect, it } from "vitest";
import {
  type DetectableMark,
  type DetectionOptions,
  createDetectionHandler,
} from "../src/detection/index.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const PROFILE = "fixtures/corpora/smollm2/profile-h1.json";
const KEY_FILE = "fixtures/corpora/test-key.txt";
const read = (path: string): string => readFileSync(`${ROOT}${path}`, "utf8");
const profile = parseProfile(JSON.parse(read(PROFILE)));
const key = Key.fromText(read(KEY_FILE));
const MARKED = read("fixtures/corpora/samples/marked.txt");
const HUMAN = read("fixtures/corpora/samples/human.txt").slice(0, 20_000);
const tokenizer = await readTokenizer(
  `${ROOT}fixtures/models/smollm2/tokenizer.json`,
  profile.tokenizer.id,
);

const API_KEY = "sk-of-the-regulator";
const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
const named = (id: string): Profile => ({ ...profile, id, keyId: null });

let time = 0;
function handler(options: Partial<DetectionOptions> = {}) {
  return createDetectionHandler({
    marks: [{ profile, key, tokenizer }],
    clients: [
      { name: "press", apiKeySha256: digest("sk-of-the-press") },
      { name: "regulator", apiKeySha256: digest(API_KEY) },
    ],
    now: () => time,
    ...options,
  });
}

function post(
  body: unknown,
  headers: Record<string, string> = { authorization: `Bearer ${API_KEY}` },
): Request {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return new Request("http://detect/v1/detect", { method: "POST", headers, body: text });
}

async function resultsOf(response: Response): Promise<readonly ScoreJson[]> {
  expect(response.status).toBe(200);
  const { version, results } = (await response.json()) as { version: number; results: ScoreJson[] };
  expect(version).toBe(1);
  return results.map((result) => scoreSchema.strict().parse(result));
}

async function errorOf(response: Response): Promise<Record<string, unknown>> {
  const { error } = (await response.json()) as { error: Record<string, unknown> };
  return { status: response.status, ...error };
}

describe("POST /v1/detect", () => {
  it("says of a text what the command says, field for field", async () => {
    const args = ["score", "-", "--profile", PROFILE, "--key-file", KEY_FILE, "--tokenizer"];
    const more = [
      "fixtures/models/smollm2/tokenizer.json",
      "--alpha",
      "0.01",
      "--format",
      "json",
      "--exit-zero",
    ];
    const bin = `${ROOT}packages/cli/bin/verdigris.js`;
    const text = `${MARKED.slice(0, 4000)}\u200b`;
    const printed = execFileSync(process.execPath, [bin, ...args, ...more], {
      cwd: ROOT,
      input: text,
      encoding: "utf8",
      // It warns that others can read the key: this one is public.
      stdio: ["pipe", "pipe", "ignore"],
    });
    const [result] = await resultsOf(await handler()(post({ text, alpha: 0.01 })));
    expect(result.verdict).toBe("detected");
    expect(result.findings).toEqual({ "zero-width": 1 });
    const { name: _, files: __, ...said } = JSON.parse(printed) as ScoreJson;
    const { name: ___, files: ____, ...answered } = result;
    expect(answered).toEqual(said);
  });

  it("finds the mark of its key and of no other, with Holm's correction over the profiles", async () => {
    const other = Key.fromBytes(new Uint8Array(32).fill(9));
    const marks = [
      { profile: named("a"), key: other, tokenizer },
      { profile, key, tokenizer },
      { profile: named("c"), key: Key.fromBytes(new Uint8Array(32).fill(8)), tokenizer },
    ];
    const ask = handler({ marks });
    const results = await resultsOf(await ask(post({ text: MARKED })));
    expect(results.map(({ profile: id, verdict }) => [id, verdict])).toEqual([
      ["a", "not-detected"],
      [profile.id, "detected"],
      ["c", "not-detected"],
    ]);
    expect(results[1].log10PAdjusted).toBeCloseTo(results[1].log10P + Math.log10(3), 10);
    const [alone] = await resultsOf(await ask(post({ text: MARKED, profiles: [profile.id] })));
    expect(alone.log10PAdjusted).toBe(alone.log10P);
    const human = await resultsOf(await ask(post({ text: HUMAN })));
    expect(human.map(({ verdict }) => verdict)).toEqual([
      "not-detected",
      "not-detected",
      "not-detected",
    ]);
  });

  it("answers alike whatever was asked before, at whatever α", async () => {
    const [used, human] = [handler(), post({ text: HUMAN, alpha: 0.2 })];
    const first = await resultsOf(await used(post({ text: MARKED.slice(0, 4000) })));
    const between = await resultsOf(await used(human));
    const again = await resultsOf(await used(post({ text: MARKED.slice(0, 4000) })));
    expect(again).toEqual(first);
    expect(between).toEqual(await resultsOf(await handler()(post({ text: HUMAN, alpha: 0.2 }))));
    expect([first[0].verdict, first[0].decoy?.keys]).toEqual(["detected", 999]);
  });

  it("takes token ids, and leaves out what the prompt showed", async () => {
    const tokens = [...tokenizer.encode(MARKED.slice(0, 3000))];
    const bare = handler({ marks: [{ profile, key }] });
    const [result] = await resultsOf(await bare(post({ tokens })));
    expect(result).toMatchObject({ verdict: "detected", tokens: tokens.length });
    const [shown] = await resultsOf(await bare(post({ tokens, promptTokens: tokens })));
    expect(shown).toMatchObject({ verdict: "too-short", n: 0 });
    const [typed] = await resultsOf(
      await handler()(post({ tokens, prompt: MARKED.slice(0, 3000) })),
    );
    expect(typed.n).toBe(0);
    expect(await errorOf(await bare(post({ text: "a" })))).toMatchObject({
      status: 400,
      code: "tokens_required",
      param: "tokens",
    });
  });

  it.each([
    ["no JSON", "{", { code: "invalid_json" }],
    [
      "UTF-16",
      Buffer.from('{"text": "secret"}', "utf16le").toString("latin1"),
      { code: "invalid_json" },
    ],
    ["neither text nor tokens", {}, { param: "text" }],
    ["both", { text: "secret", tokens: [1] }, { param: "text" }],
    ["a text that is none", { text: 7 }, { param: "text" }],
    [
      "an id out of range",
      { tokens: [1, 49_152] },
      {
        param: "tokens",
        message: `tokens[1]: expected an id below 49152, the vocabulary of profile ${profile.id}`,
      },
    ],
    ["a fraction", { tokens: [1.5] }, { param: "tokens.0" }],
    ["alpha 0", { text: "secret", alpha: 0 }, { param: "alpha" }],
    [
      "an unknown profile",
      { text: "secret", profiles: ["secret"] },
      { code: "unknown_profile", param: "profiles" },
    ],
    ["an unknown field", { text: "secret", key: "mine" }, { code: "invalid_value" }],
  ])("refuses %s with 400, and quotes nothing", async (_name, body, expected) => {
    const error = await errorOf(await handler()(post(body)));
    expect(error).toMatchObject({ status: 400, type: "invalid_request_error", ...expected });
    expect(String(error.message)).not.toContain("secret");
  });

  it("reads no more of a body than it takes", async () => {
    let pulls = 0;
    const body = new ReadableStream({
      pull(controller) {
        pulls++;
        controller.enqueue(new Uint8Array(1000));
      },
    });
    const init = {
      method: "POST",
      headers: { authorization: `Bearer ${API_KEY}` },
      body,
      duplex: "half",
    };
    const response = await handler({ longestBody: 5000 })(
      new Request("http://detect/v1/detect", init as RequestInit),
    );
    expect(await errorOf(response)).toMatchObject({ status: 413, code: "request_too_large" });
    expect(pulls).toBeLessThan(12);
  });
});

describe("access", () => {
  it.each([
    ["no key", {}],
    ["an unknown key", { authorization: "Bearer sk-of-nobody" }],
    ["part of a key", { authorization: `Bearer ${API_KEY.slice(0, -1)}` }],
    ["more than a key", { authorization: `Bearer ${API_KEY}x` }],
    ["another scheme", { authorization: `Basic ${API_KEY}` }],
    ["the digest of a key", { authorization: `Bearer ${digest(API_KEY)}` }],
    ["an empty key", { authorization: "Bearer " }],
  ])("is refused with %s, before the body is read", async (_name, headers) => {
    const response = await handler()(post("{", headers as Record<string, string>));
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
    expect(await errorOf(response)).toMatchObject({
      status: 401,
      type: "authentication_error",
      code: "invalid_api_key",
    });
  });

  it("is limited for each client; refused requests cost nothing, and the bucket fills again", async () => {
    time = 0;
    const ask = handler({ rateLimit: { burst: 2, perMinute: 6 } });
    const status = async (apiKey: string): Promise<number> =>
      (await ask(post({ tokens: [1] }, { authorization: `Bearer ${apiKey}` }))).status;
    const statuses = [];
    for (const apiKey of [API_KEY, "sk-of-nobody", API_KEY, API_KEY, "sk-of-the-press"])
      statuses.push(await status(apiKey));
    expect(statuses).toEqual([200, 401, 200, 429, 200]);
    time = 9_999;
    const limited = await ask(post({ tokens: [1] }));
    expect(limited.headers.get("retry-after")).toBe("1");
    expect(await errorOf(limited)).toMatchObject({ status: 429, type: "rate_limit_error" });
    time = 10_000;
    expect(await status(API_KEY)).toBe(200);
    time = 0;
    expect(await status(API_KEY), "a clock set back refills nothing").toBe(429);
    time = 600_000;
    expect([await status(API_KEY), await status(API_KEY), await status(API_KEY)]).toEqual([
      200, 200, 429,
    ]);
  });

  it("is set up or not at all", () => {
    const bad =
      (options: Partial<DetectionOptions>): (() => unknown) =>
      () =>
        handler(options);
    expect(bad({ clients: [{ name: "x", apiKeySha256: "sk-plain" }] })).toThrow(
      /^clients: expected 64 hex digits/,
    );
    expect(bad({ rateLimit: { burst: 0, perMinute: 1 } })).toThrow(/^rateLimit: expected burst/);
    expect(bad({ marks: [] })).toThrow(/^marks: expected at least one/);
    expect(
      bad({
        marks: [
          { profile, key },
          { profile, key },
        ],
      }),
    ).toThrow(/two of/);
    const wrong = { ...profile, keyId: "0".repeat(16) };
    expect(bad({ marks: [{ profile: wrong, key }] })).toThrow(
      /^marks: expected key 0+ for profile/,
    );
    const foreign = { ...profile, tokenizer: { id: "x", sha256: "0".repeat(64) } };
    expect(bad({ marks: [{ profile: foreign, key, tokenizer }] })).toThrow(
      /^marks: expected tokenizer 0+/,
    );
  });
});

describe("marks of one profile under several keys", () => {
  const other = Key.fromBytes(new Uint8Array(32).fill(9));
  const under = (...keys: readonly Key[]): readonly DetectableMark[] =>
    keys.map((one) => ({ profile: { ...profile, keyId: null }, key: one, tokenizer }));
  const found = async (detect: ReturnType<typeof handler>): Promise<readonly string[]> => {
    const results = await resultsOf(await detect(post({ text: MARKED })));
    return results.map(({ keyId, verdict }) => `${keyId} ${verdict}`);
  };

  it("are each tested, and the right one is found", async () => {
    expect(await found(handler({ marks: under(other, key) }))).toEqual([
      `${other.id} not-detected`,
      `${key.id} detected`,
    ]);
  });

  it("may change from one request to the next", async () => {
    let keys = [other];
    const detect = handler({ marks: () => Promise.resolve(under(...keys)) });
    expect(await found(detect)).toEqual([`${other.id} not-detected`]);
    keys = [key];
    expect(await found(detect)).toEqual([`${key.id} detected`]);
  });
});

describe("the other paths", () => {
  const get = (path: string, options: Partial<DetectionOptions> = {}) =>
    handler(options)(new Request(`http://detect${path}`));

  it("tell health, readiness, and what is not there", async () => {
    expect((await get("/healthz")).status).toBe(200);
    expect((await get("/readyz")).status).toBe(200);
    expect((await get("/readyz", { isReady: () => false })).status).toBe(503);
    expect((await get("/nothing")).status).toBe(404);
    expect((await get("/__proto__")).status).toBe(404);
    const wrong = await get("/v1/detect");
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
  });

  it("describe themselves in valid OpenAPI", async () => {
    const document = (await (await get("/openapi.json")).json()) as Record<string, unknown>;
    const { valid, errors } = await new Validator().validate(document);
    expect(errors ?? []).toEqual([]);
    expect(valid).toBe(true);
    const broken = await new Validator().validate({ ...document, paths: { x: 1 } });
    expect(broken.valid, "canary").toBe(false);
  });

  it("hide a fault from the client, not from the operator", async () => {
    const errors: unknown[] = [];
    const onError = (error: unknown): never => {
      errors.push(error);
      throw new Error("no");
    };
    const isReady = (): never => {
      throw new Error("database secret");
    };
    const error = await errorOf(await get("/readyz", { isReady, onError }));
    expect(error).toMatchObject({ status: 500, code: "internal_error" });
    expect(JSON.stringify(error)).not.toContain("secret");
    expect(errors).toMatchObject([{ message: "database secret" }]);
  });

  it("never show a key", async () => {
    const text = await (await handler()(post({ text: MARKED.slice(0, 500) }))).text();
    expect(text).toContain(key.id);
    expect(text).not.toContain(read(KEY_FILE).trim());
  });
});
