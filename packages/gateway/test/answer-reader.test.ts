/** What an engine wrote, as tokens: its own ids where it sends them, else its text read again; and never in an answer's way. */
import { bindScheme, Key } from "@verdigris/core";
import { testProfile } from "@verdigris/core/testing";
import { Tally, evidenceOf } from "@verdigris/detector";
import { describe, expect, test } from "vitest";
import { vllmMark } from "../src/index.js";
import type { Endpoint } from "../src/marks/mark.js";
import {
  AnswerReader,
  type AnswerReaderOptions,
  type ServedAnswer,
  createUpstreamServer,
} from "../src/serve/index.js";
import { promptOf } from "../src/serve/prompt.js";
import { MemorySink } from "./setup.js";
import { chunk, completion, events } from "./upstream.js";

const key = Key.fromBytes(new Uint8Array(32).fill(1));
const tenant = { name: "acme", profile: testProfile(), digest: "d".repeat(64), key };
/** A character is a token. */
const ids = (text: string): Uint32Array => Uint32Array.from(text, (one) => one.codePointAt(0) ?? 0);

interface Setting {
  readonly heard: ServedAnswer[];
  readonly encoded: string[];
  readonly errors: unknown[];
  readonly sink: MemorySink;
  readonly reader: AnswerReader;
  /** Asks for an answer, and reads it to its end. */
  ask(body?: object, path?: string): Promise<string>;
}

/** A gateway before an engine that gives one answer, and what is heard of it. */
function before(engine: () => Response, more: Partial<AnswerReaderOptions> = {}): Setting {
  const [heard, encoded, errors]: [ServedAnswer[], string[], unknown[]] = [[], [], []];
  const sink = new MemorySink();
  const onError = (error: unknown): void => void errors.push(error);
  const encode: AnswerReaderOptions["encode"] = async (texts) => {
    encoded.push(...texts);
    return texts.map(ids);
  };
  const onAnswer = (answer: ServedAnswer): void => void heard.push(answer);
  const reader = new AnswerReader({ encode, onAnswer, onError, ...more });
  let n = 0;
  const handle = createUpstreamServer({
    upstream: "http://engine",
    fetch: async () => engine(),
    markOf: vllmMark,
    resolveTenant: () => tenant,
    onPassed: (answer, whose) => reader.note(answer, whose),
    sink,
    failure: "closed",
    newId: () => `r${++n}`,
    now: () => 1,
    onError,
  });
  return {
    heard,
    encoded,
    errors,
    sink,
    reader,
    async ask(body = { messages: [{ role: "user", content: "Hi" }] }, path = "chat/completions") {
      const init = { method: "POST", body: JSON.stringify(body) };
      return (await handle(new Request(`http://gateway/v1/${path}`, init))).text();
    },
  };
}

const sse = (...chunks: readonly Record<string, unknown>[]): Response =>
  new Response(events([...chunks, "[DONE]"]), { headers: { "content-type": "text/event-stream" } });

describe("an answer that has passed", () => {
  test("is read by the ids that the engine sent, with the mark's strength in it", async () => {
    // Not the ids of its text: 300 and 301 stand for one token where reading it again gives two.
    const sent = [300, 301, 5, 6, 7, 5];
    const one = before(() =>
      sse(chunk("ab", { ids: sent.slice(0, 2) }), chunk("cd", { ids: sent.slice(2) })),
    );
    await one.ask();
    await one.reader.settled();
    expect(one.encoded).toEqual(["Hi"]);
    const [tokens, prompt] = [Uint32Array.from(sent), ids("Hi")];
    const tally = new Tally(bindScheme(tenant.profile, key));
    tally.add({ tokens, prompt });
    const evidence = evidenceOf(bindScheme(tenant.profile, key).law, tally.count());
    expect(one.heard).toEqual([{ tenant, prompt, tokens, evidence }]);
    expect(evidence.n).toBeGreaterThan(3);
  });

  test.each([
    ["in events", () => sse(chunk("ab"), chunk("c"))],
    ["whole", () => Response.json(completion("abc"))],
    [
      "as a response",
      () =>
        Response.json({
          object: "response",
          output: [{ content: [{ type: "output_text", text: "abc" }] }],
        }),
    ],
    ["with ids of a part", () => sse(chunk("ab"), chunk("c", { ids: [9] }))],
  ])("is tokenised where the engine sent no ids: %s", async (_, engine) => {
    const one = before(engine);
    await one.ask();
    await one.reader.settled();
    expect(one.encoded).toEqual(["Hi", "abc"]);
    expect(one.heard.map(({ tokens }) => tokens)).toEqual([ids("abc")]);
  });

  test("is one for each choice; what was asked comes once", async () => {
    const one = before(() => Response.json(completion("ab", "cd")));
    await one.ask();
    await one.reader.settled();
    expect(one.heard.map(({ prompt, tokens }) => [prompt, tokens])).toEqual([
      [ids("Hi"), ids("ab")],
      [ids(""), ids("cd")],
    ]);
  });

  test("without a mark has no strength", async () => {
    const one = before(() => Response.json(completion("abcdefgh")));
    await one.ask({ messages: [], tools: [{ type: "function" }] });
    await one.reader.settled();
    expect(one.heard).toMatchObject([{ tokens: ids("abcdefgh"), evidence: null }]);
  });

  test("leaves no text in its record", async () => {
    const one = before(() => Response.json(completion("the secret recipe")));
    await one.ask();
    await one.reader.settled();
    expect(one.heard).toHaveLength(1);
    expect(JSON.stringify([one.sink.started, one.sink.ended])).not.toContain("recipe");
  });
});

describe("answers that are not read are counted, and told", () => {
  test("where nothing is tokenised for long: and all answers come all the same", async () => {
    let go = (): void => {};
    const held = new Promise<void>((resolve) => (go = resolve));
    const encode: AnswerReaderOptions["encode"] = async (texts) => {
      await held;
      return texts.map(ids);
    };
    // Room for two answers: 64 units more than its length for each text.
    const one = before(() => Response.json(completion("abc")), { encode, room: 300 });
    for (let i = 0; i < 5; i++) expect(await one.ask()).toContain("abc");
    expect(one.heard).toHaveLength(0);
    expect(one.reader.lost).toBe(3);
    expect(String(one.errors[0])).toContain("not counted: too many wait to be tokenised");
    go();
    await one.reader.settled();
    expect(one.heard).toHaveLength(2);
    await one.ask();
    await one.reader.settled();
    expect([one.heard.length, one.reader.lost]).toEqual([3, 3]);
  });

  test.each([
    ["that is too long", () => Response.json(completion("a".repeat((1 << 20) + 1)))],
    ["of another kind", () => new Response("abc", { headers: { "content-type": "text/plain" } })],
    [
      "that is no JSON",
      () => new Response("{", { headers: { "content-type": "application/json" } }),
    ],
  ])("one %s", async (_, engine) => {
    const one = before(engine);
    await one.ask();
    await one.reader.settled();
    expect([one.heard.length, one.reader.lost, one.errors.length]).toEqual([0, 1, 1]);
  });

  test("one that the tokenizer fails at; the next is read", async () => {
    let calls = 0;
    const encode: AnswerReaderOptions["encode"] = async (texts) => {
      if (calls++ === 0) throw new Error("the thread has ended");
      return texts.map(ids);
    };
    const one = before(() => Response.json(completion("abc")), { encode });
    await one.ask();
    await one.ask();
    await one.reader.settled();
    expect([one.heard.length, one.reader.lost]).toEqual([1, 1]);
    expect(String(one.errors[0])).toContain("the thread has ended");
  });

  test("but not one that the engine refused: nothing was given", async () => {
    const one = before(() => Response.json({ error: {} }, { status: 400 }));
    await one.ask();
    await one.reader.settled();
    expect([one.heard.length, one.reader.lost]).toEqual([0, 0]);
  });
});

test.each<[Endpoint, object, unknown]>([
  [
    "chat",
    { messages: [{ content: "a" }, { content: [{ type: "text", text: "b" }] }] },
    ["a", "b"],
  ],
  ["chat", { messages: [{ content: [{ image_url: { url: "x" } }] }, { content: null }] }, []],
  ["completions", { prompt: "a" }, ["a"]],
  ["completions", { prompt: ["a", ""] }, ["a"]],
  ["completions", { prompt: [1, 2] }, [[1, 2]]],
  ["completions", { prompt: [[1], [2, 3]] }, [[1], [2, 3]]],
  ["completions", { prompt: [1, -2] }, []],
  ["responses", { instructions: "a", input: [{ content: [{ text: "b" }] }] }, ["a", "b"]],
  ["generate", { inputs: "a" }, ["a"]],
  ["generate", { input_ids: [1, 2] }, [[1, 2]]],
  ["completions", { prompt: [[[[[["deep"]]]]]] }, []],
  ["chat", {}, []],
])("a prompt of %s: %j", (endpoint, body, pieces) => {
  expect(promptOf(endpoint, body as Record<string, unknown>)).toEqual(pieces);
});
