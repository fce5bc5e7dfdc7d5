import { fileURLToPath } from "node:url";
import { Key, VerdigrisError, bindScheme, parseProfile } from "@verdigris/core";
import { lehmer, testProfile } from "@verdigris/core/testing";
import { detect } from "@verdigris/detector";
import { readTokenizer } from "@verdigris/text";
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { ownMark, watermarkFetch } from "../src/index.js";
import { GrowingText, selectionFetch } from "../src/selection/index.js";
import { MemorySink } from "./setup.js";

const path = fileURLToPath(
  new URL("../../../fixtures/models/smollm2/tokenizer.json", import.meta.url),
);
const tokenizer = await readTokenizer(path);
const words = Array.from({ length: tokenizer.vocabularySize }, (_, id) =>
  tokenizer.decode(Uint32Array.of(id)),
).filter((text) => /^ [a-z]{3,}$/.test(text));
const keyOf = (n: number): Key => Key.fromBytes(new Uint8Array(32).fill(n));
const profile = parseProfile({
  ...testProfile({ V: 49_152, h: 1, parameters: { gamma: 0.25, delta: 2 } }),
  tokenizer: { id: "smollm2", sha256: tokenizer.identity.sha256 },
  embedding: "select",
});
const scheme = bindScheme(profile, keyOf(1));

interface Sent {
  readonly url: string;
  readonly body: Record<string, unknown>;
}

/** An upstream that only samples: any words at all, and it goes on where it is told. */
function sampling(options: { readonly length?: number; readonly refuseAfter?: number } = {}): {
  fetch: typeof fetch;
  sent: Sent[];
} {
  const { length = 200, refuseAfter = Infinity } = options;
  const random = lehmer(5);
  const sent: Sent[] = [];
  const upstream: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const body = (await request.json()) as Record<string, number>;
    sent.push({ url: request.url, body });
    if (sent.length > refuseAfter) {
      return Response.json({ error: { message: "busy", code: "busy" } }, { status: 429 });
    }
    const left = length - (sent.length - 1) * 16;
    const n = Math.min(body["max_tokens"], left);
    const one = (): string =>
      Array.from({ length: n }, () => words[Math.floor(random.next() * words.length)]).join("");
    const choices = Array.from({ length: body["n"] ?? 1 }, (_, index) => ({
      index,
      message: { role: "assistant", content: one() },
      finish_reason: left > body["max_tokens"] ? "length" : "stop",
    }));
    const usage = { prompt_tokens: 9, completion_tokens: n * choices.length, total_tokens: 0 };
    return Response.json({ id: "x", model: "toy", choices, usage });
  };
  return { fetch: upstream, sent };
}

function marking(
  upstream: typeof fetch,
  more: { readonly candidates?: number; readonly style?: "prefix" } = {},
): { client: OpenAI; sink: MemorySink } {
  const sink = new MemorySink();
  let ids = 0;
  const common = { newId: () => `r${++ids}`, now: () => 5000 };
  const selecting = selectionFetch(upstream, {
    scheme,
    tokenizer,
    candidates: 8,
    ...common,
    ...more,
  });
  const policy = {
    mark: ownMark(scheme.stage),
    profile: { id: profile.id, digest: "d".repeat(64) },
    keyId: keyOf(1).id,
  };
  const fetch = watermarkFetch(selecting, { policy, sink, failure: "closed", ...common });
  return {
    client: new OpenAI({ baseURL: "http://up/v1", apiKey: "k", fetch, maxRetries: 0 }),
    sink,
  };
}

const body = {
  model: "toy",
  messages: [{ role: "user" as const, content: "Write." }],
  max_tokens: 400,
};
const log10P = (text: string, n: number): number => {
  const verdict = detect(profile, keyOf(n), [{ tokens: tokenizer.encode(text) }]);
  return verdict.log10P;
};

describe("marking by choosing passages", () => {
  it("marks the answers of an upstream that only samples, with its key and no other", async () => {
    const { fetch, sent } = sampling();
    const { client } = marking(fetch);
    const answer = await client.chat.completions.create(body);
    const text = answer.choices[0].message.content ?? "";
    // 13 passages of 16 tokens, the best of 8 each: 1.42 standard deviations a passage, z about 5.1.
    expect(log10P(text, 1)).toBeLessThan(-4);
    expect(log10P(text, 2)).toBeGreaterThan(-3);
    expect(answer.choices[0].finish_reason).toBe("stop");
    expect(answer.usage).toMatchObject({ prompt_tokens: 9, completion_tokens: 8 * 200 });
    expect(sent).toHaveLength(13);
    expect(sent[1].body).toMatchObject({
      n: 8,
      max_tokens: 16,
      continue_final_message: true,
      add_generation_prompt: false,
    });
    expect(sent[1].body["messages"]).toEqual([
      ...body.messages,
      {
        role: "assistant",
        content: text.slice(
          0,
          (sent[1].body["messages"] as { content: string }[])[1].content.length,
        ),
      },
    ]);
  });

  it("canary: without a choice there is no mark", async () => {
    const { client } = marking(sampling().fetch);
    const unmarked = await client.chat.completions.create({
      ...body,
      tools: [{ type: "function", function: { name: "f" } }],
    });
    expect(log10P(unmarked.choices[0].message.content ?? "", 1)).toBeGreaterThan(-3);
  });

  it("streams passage by passage, and records", async () => {
    const { client, sink } = marking(sampling({ length: 40 }).fetch);
    const stream = await client.chat.completions.create({
      ...body,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await Array.fromAsync(stream);
    const said = chunks.flatMap(({ choices }) => choices[0]?.delta.content ?? []);
    expect(said.filter((text) => text !== "")).toHaveLength(3);
    expect(chunks.at(-1)?.usage).toMatchObject({ completion_tokens: 8 * 40 });
    expect(sink.ended).toMatchObject([{ outcome: "complete", completionTokens: 320 }]);
  });

  it("continues texts, and chats of engines that know `prefix`", async () => {
    const { fetch, sent } = sampling({ length: 20 });
    const { client } = marking(fetch, { style: "prefix" });
    await client.chat.completions.create(body);
    expect((sent[1].body["messages"] as unknown[])[1]).toMatchObject({
      role: "assistant",
      prefix: true,
    });
    const texts = sampling({ length: 20 });
    const other = marking(texts.fetch);
    await other.client.completions.create({ model: "toy", prompt: "Once", max_tokens: 32 });
    expect(texts.sent[1].body["prompt"]).toMatch(/^Once ?/);
  });

  it("gives the upstream's refusal as it is; in a stream that has begun, an error", async () => {
    const { client } = marking(sampling({ refuseAfter: 0 }).fetch);
    await expect(client.chat.completions.create(body)).rejects.toMatchObject({ status: 429 });
    const later = marking(sampling({ refuseAfter: 2 }).fetch);
    const stream = await later.client.chat.completions.create({ ...body, stream: true });
    await expect(Array.fromAsync(stream)).rejects.toThrow("could not be answered");
  });

  it("refuses what a chosen text does not have", async () => {
    const { client } = marking(sampling().fetch);
    for (const fields of [{ n: 2 }, { logprobs: true }]) {
      await expect(client.chat.completions.create({ ...body, ...fields })).rejects.toMatchObject({
        status: 400,
        code: "unsupported_parameter",
      });
    }
  });

  it("needs a profile that says so, which says what may not be claimed", () => {
    const plain = bindScheme({ ...profile, embedding: "reweight" }, keyOf(1));
    const options = { scheme: plain, tokenizer, candidates: 4, newId: () => "r", now: () => 0 };
    expect(() => selectionFetch(fetch, options)).toThrow('embedding "select"');
    expect(() => selectionFetch(fetch, { ...options, scheme, candidates: 1 })).toThrow(
      "candidates",
    );
    expect(scheme.weaknesses.map(({ name }) => name)).toContain("selected-passages");
    expect(plain.weaknesses.map(({ name }) => name)).not.toContain("selected-passages");
    expect(() => parseProfile({ ...profile, embedding: "other" })).toThrow(VerdigrisError);
  });
});

describe("a growing text", () => {
  it("counts a coin once: repeating a green passage is worth nothing", () => {
    const text = new GrowingText(scheme, tokenizer);
    const passages = [" one two three four", " five six seven eight"];
    text.add(passages[0]);
    text.add(passages[0]);
    expect(text.best([passages[0], ""])).toBe(0);
    expect(text.text).toBe(passages[0] + passages[0]);
    expect(() => text.best([])).toThrow("at least one");
  });
});
