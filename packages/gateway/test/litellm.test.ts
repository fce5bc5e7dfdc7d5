import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Key, parseProfile } from "@verdigris/core";
import { readTokenizer } from "@verdigris/text";
import { describe, expect, it } from "vitest";
import { type CheckedAnswer, type LitellmOptions, createSidecar } from "../src/hooks/index.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const read = (path: string): string => readFileSync(`${ROOT}${path}`, "utf8");
const sha = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Recorded from the real LiteLLM by bench/peers/litellm/record.py; its installation takes CI too long. */
const recorded = JSON.parse(read("fixtures/formats/litellm-guardrail.json")) as {
  readonly source: string;
  readonly cases: readonly {
    readonly path: string;
    readonly apiKey: string;
    readonly body: Readonly<Record<string, unknown>>;
    readonly answer: Readonly<Record<string, unknown>>;
    readonly reaction: Readonly<Record<string, unknown>>;
  }[];
};
const [request, , response, blocked] = recorded.cases;

const profile = parseProfile(JSON.parse(read("fixtures/corpora/smollm2/profile-h1.json")));
const key = Key.fromText(read("fixtures/corpora/test-key.txt"));
const tokenizer = await readTokenizer(
  `${ROOT}fixtures/models/smollm2/tokenizer.json`,
  profile.tokenizer.id,
);
const MARKED = read("fixtures/corpora/samples/marked.txt");
const UNMARKED = read("fixtures/corpora/samples/unmarked.txt");

async function ask(
  { path, apiKey, body }: (typeof recorded.cases)[number],
  change: { readonly texts?: readonly string[]; readonly options?: Partial<LitellmOptions> } = {},
): Promise<{ status: number; json: Record<string, unknown>; found: CheckedAnswer[] }> {
  const found: CheckedAnswer[] = [];
  const handle = createSidecar({
    clients: [{ name: "litellm", apiKeySha256: sha("sk-litellm") }],
    litellm: {
      marks: [{ profile, key, tokenizer }],
      decoys: 0,
      checked: (answer) => found.push(answer),
      ...change.options,
    },
  });
  const init = {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": apiKey },
    body: JSON.stringify({ ...body, texts: change.texts ?? body["texts"] }),
  };
  const answer = await handle(new Request(`http://sidecar${path}`, init));
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown>, found };
}

describe(`LiteLLM's guardrail contract, as recorded from ${recorded.source}`, () => {
  it("lets requests pass, unread", async () => {
    const { status, json, found } = await ask(request);
    expect([status, json, found]).toEqual([200, request.answer, []]);
    expect(request.reaction).toEqual({ texts: request.body["texts"] });
  });

  it("says what was found in an answer, and lets it pass", async () => {
    const { json, found } = await ask(response, { texts: [MARKED, "", UNMARKED] });
    expect(json).toEqual(response.answer);
    expect(found).toMatchObject([{ callId: null, model: "smollm2" }]);
    const verdicts = found[0].results.map(([{ verdict }]) => verdict);
    expect(verdicts).toEqual(["detected", "not-detected"]);
  });

  it("refuses a long answer without the mark where the operator says so, in words LiteLLM takes", async () => {
    const options = { refuseUnmarkedFrom: 500 };
    expect((await ask(response, { options, texts: [MARKED, "Short."] })).json).toEqual({
      action: "NONE",
    });
    const { json } = await ask(blocked, { options, texts: [UNMARKED] });
    expect(json).toEqual({ ...blocked.answer, blocked_reason: expect.stringContaining("mark") });
    expect(blocked.reaction).toEqual({ error: "GuardrailRaisedException", message: "no mark" });
  });

  it("tells nothing to who has no key, nor of a body that is none", async () => {
    const { status, json } = await ask({ ...response, apiKey: "sk-guessed" });
    expect([status, json]).toMatchObject([401, { error: { code: "invalid_api_key" } }]);
    const broken = await ask({ ...response, body: { input_type: "neither" } });
    expect([broken.status, broken.json]).toMatchObject([400, { error: { param: "input_type" } }]);
  });
});
