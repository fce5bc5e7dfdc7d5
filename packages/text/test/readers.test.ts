import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, brotliDecompressSync, gzipSync } from "node:zlib";

import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { type Document, type ReadOptions, type ReadProblem, readDocuments } from "@verdigris/text";
import { readTokenizer } from "@verdigris/text";
import { linesOf } from "../src/lines.js";
import { PART_LENGTH, cutPlace, intoParts, partsOf } from "../src/parts.js";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "readers-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function read(path: string, options?: ReadOptions): Promise<(Document | ReadProblem)[]> {
  return Array.fromAsync(readDocuments(path, options));
}

async function* chunksOf<T>(...chunks: readonly T[]): AsyncGenerator<T> {
  yield* chunks;
}

const sotu = brotliDecompressSync(
  readFileSync(new URL("../../../fixtures/corpora/human/sotu.txt.br", import.meta.url)),
).toString("utf8");

describe("text files", () => {
  test.each(["a.txt", "b.md", "c", "d.weird"])("%s is one document", async (name) => {
    const path = file(name, "\ufeffSome text.\r\n");
    expect(await read(path)).toEqual([
      { kind: "document", id: path, text: "\ufeffSome text.\r\n", part: 0, last: true },
    ]);
  });

  test.each([
    ["e.txt.gz", gzipSync("compressed")],
    ["e.txt.BR", brotliCompressSync("compressed")],
  ])("%s is decompressed", async (name, bytes) => {
    expect(await read(file(name, bytes))).toMatchObject([{ text: "compressed" }]);
  });

  test("a character may lie across two chunks", async () => {
    const bytes = new TextEncoder().encode("a😀é");
    const stdin = chunksOf(...Array.from(bytes, (byte) => Uint8Array.of(byte)));
    expect(await read("-", { stdin })).toMatchObject([{ id: "stdin", text: "a😀é" }]);
  });

  test("a long text comes in parts with one id", async () => {
    const path = file("long.txt", sotu.slice(0, 700_000));
    const documents = (await read(path)) as Document[];
    expect(documents.map(({ id, part, last }) => ({ id, part, last }))).toEqual(
      [0, 1, 2].map((part) => ({ id: path, part, last: part === 2 })),
    );
    expect(documents.map(({ text }) => text).join("")).toBe(sotu.slice(0, 700_000));
  });
});

describe("files that cannot be read", () => {
  test.each([
    ["missing.txt", undefined, "FILE_NOT_FOUND"],
    ["missing.jsonl.gz", undefined, "FILE_NOT_FOUND"],
    ["empty.txt", "", "FILE_EMPTY"],
    ["blank.md", " \n\n\t", "FILE_EMPTY"],
    ["empty.jsonl", "", "FILE_EMPTY"],
    ["blank.jsonl", "\n \n", "FILE_EMPTY"],
    ["nul.txt", "text\0text", "FILE_BINARY"],
    ["utf16.txt", Buffer.from("\ufefftext", "utf16le"), "FILE_BINARY"],
    ["latin1.txt", Buffer.from("café au lait", "latin1"), "FILE_NOT_UTF8"],
    ["latin1.jsonl", Buffer.from('{"text":"café"}', "latin1"), "FILE_NOT_UTF8"],
    ["cut.txt", Buffer.from("né").subarray(0, 2), "FILE_NOT_UTF8"],
    ["fake.txt.gz", "not compressed", "FILE_UNREADABLE"],
    ["cut.txt.br", brotliCompressSync("some text").subarray(0, 8), "FILE_UNREADABLE"],
  ])("%s", async (name, content, code) => {
    const path = content === undefined ? join(folder, name) : file(name, content);
    const error: unknown = await read(path).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "VerdigrisError", code });
    expect((error as Error).message).toContain(path);
  });

  test("a folder", async () => {
    await expect(read(folder)).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  });

  test("an unopened reader does nothing", () => {
    expect(() => readDocuments(join(folder, "nowhere.txt"))).not.toThrow();
  });
});

describe("JSONL files", () => {
  test("one document per line, with what is recorded of it", async () => {
    const path = file(
      "ok.jsonl",
      '\ufeff{"text":"one"}\r\n\n{"id":"x","text":"two","tokens":[1,2],"prompt":"p","promptTokens":[3]}\n{"id":7,"text":"three","tokens":null}',
    );
    const rest = { kind: "document", part: 0, last: true };
    expect(await read(path)).toEqual([
      { ...rest, id: `${path}:1`, text: "one" },
      {
        ...rest,
        id: "x",
        text: "two",
        tokens: Uint32Array.of(1, 2),
        prompt: "p",
        promptTokens: Uint32Array.of(3),
      },
      { ...rest, id: "7", text: "three" },
    ]);
  });

  test("another field, another name, standard input", async () => {
    const line = '{"body":"b","text":"t"}';
    expect(await read(file("f.ndjson.gz", gzipSync(line)), { field: "body" })).toMatchObject([
      { text: "b" },
    ]);
    const stdin = chunksOf(new TextEncoder().encode(line));
    expect(await read("-", { stdin, format: "jsonl" })).toMatchObject([
      { id: "stdin:1", text: "t" },
    ]);
  });

  test.each([
    ['{"text":"cut', /^not JSON: /],
    ["[1,2]", /^expected a JSON object, got an array$/],
    ["null", /^expected a JSON object, got null$/],
    ['"text"', /^expected a JSON object, got a string$/],
    ['{"kind":"problem","body":"b"}', /^no field "text"; the record has kind, body$/],
    ["{}", /^no field "text"; the record has none$/],
    ['{"text":3}', /^field "text" must be a string, got a number$/],
    ['{"text":" \\n"}', /^field "text" is blank$/],
    ['{"text":"t","tokens":[1,-2]}', /^field "tokens" must be an array of token ids/],
    ['{"text":"t","tokens":[0.5]}', /^field "tokens" must be/],
    ['{"text":"t","promptTokens":"1 2"}', /^field "promptTokens" must be/],
    ['{"text":"t","prompt":["p"]}', /^field "prompt" must be a string, got an array$/],
  ])("%s is a problem, and the rest is read", async (line, message) => {
    const path = file("bad.jsonl", `{"text":"before"}\n${line}\n{"text":"after"}\n`);
    const [before, problem, after] = await read(path);
    expect([before, after]).toMatchObject([{ text: "before" }, { text: "after" }]);
    expect(problem).toEqual({
      kind: "problem",
      path,
      line: 2,
      message: expect.stringMatching(message),
    });
  });

  test("a long record comes in parts, unless its tokens are recorded", async () => {
    const text = sotu.slice(0, 300_000);
    const path = file(
      "parts.jsonl",
      [
        { text, prompt: "p" },
        { text, tokens: [1] },
      ]
        .map((r) => JSON.stringify(r))
        .join("\n"),
    );
    const documents = (await read(path)) as Document[];
    expect(documents.map(({ part, last }) => [part, last])).toEqual([
      [0, false],
      [1, true],
      [0, true],
    ]);
    expect(documents[1]).toMatchObject({ id: `${path}:1`, prompt: "p" });
  });
});

describe("streaming", () => {
  const chunk = new TextEncoder().encode(`${"some words of text ".repeat(3400)}\n`);

  /** Never ends, and counts what was asked for. */
  function endless(bytes: Uint8Array): {
    chunks: AsyncGenerator<Uint8Array>;
    pulled: () => number;
  } {
    let n = 0;
    const chunks = (async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        n++;
        yield bytes;
      }
    })();
    return { chunks, pulled: () => n };
  }

  test.each([
    ["text" as const, chunk, 5 * (PART_LENGTH / chunk.length) + 2],
    ["jsonl" as const, Buffer.from(`${JSON.stringify({ text: "t".repeat(60_000) })}\n`), 6],
  ])("%s is read no further than needed", async (format, bytes, most) => {
    const { chunks, pulled } = endless(bytes);
    let n = 0;
    for await (const item of readDocuments("-", { stdin: chunks, format })) {
      expect(item.kind).toBe("document");
      if (++n === 5) break;
    }
    expect(pulled()).toBeLessThanOrEqual(most);
  });

  test("a line too long for memory is a problem, and the next one is read", async () => {
    const mebibyte = " ".repeat(1 << 20);
    const lines = await Array.fromAsync(
      linesOf(chunksOf(...Array.from({ length: 65 }, () => mebibyte), "\nnext")),
    );
    expect(lines).toEqual([
      { kind: "too-long", number: 1 },
      { kind: "line", number: 2, text: "next" },
    ]);
  });

  test("lines do not depend on the chunks they came in", () => {
    const text = fc.array(fc.constantFrom("a", "bc", "\n", "\r\n", " "), { maxLength: 30 });
    return fc.assert(
      fc.asyncProperty(text, async (pieces) => {
        const lines = await Array.fromAsync(linesOf(chunksOf(...pieces)));
        const whole = await Array.fromAsync(linesOf(chunksOf(pieces.join(""))));
        expect(lines).toEqual(whole);
        expect(lines.map((line) => (line.kind === "line" ? line.text : ""))).toEqual(
          pieces
            .join("")
            .replace(/\r?\n$/, "")
            .split(/\r?\n/)
            .slice(0, lines.length),
        );
      }),
      { seed: 4 },
    );
  });
});

describe("parts", () => {
  test("have the same tokens as the whole", async () => {
    const url = new URL("../../../fixtures/models/smollm2/tokenizer.json", import.meta.url);
    const tokenizer = await readTokenizer(fileURLToPath(url));
    const text = sotu.slice(0, 60_000);
    const whole = tokenizer.encode(text);
    for (const limit of [200, 1000, 7919]) {
      const ids: number[] = [];
      let rest = text;
      while (rest.length > limit) {
        const at = cutPlace(rest, limit);
        ids.push(...tokenizer.encode(rest.slice(0, at)));
        rest = rest.slice(at);
      }
      expect([...ids, ...tokenizer.encode(rest)]).toEqual([...whole]);
    }
  });

  test.each([
    ["words", "word, ".repeat(60_000), /[a-z,]$/],
    ["lines", `${"字".repeat(99)}\n`.repeat(3000), /字$/],
    ["Chinese", `${"字".repeat(99)}。`.repeat(3000), /字$/],
    ["a blob", "é".repeat(300_000), /é$/],
    ["emoji", `a${"😀".repeat(150_000)}`, /😀$/u],
    ["accents", `a${"e\u0301".repeat(150_000)}`, /\u0301$/],
  ])("of %s end at a good place", (_, text, end) => {
    const parts = [...partsOf(text)];
    expect(parts.map((part) => part.text).join("")).toBe(text);
    expect(parts[0].text.length).toBeLessThanOrEqual(PART_LENGTH);
    expect(parts[0].text.length).toBeGreaterThan(PART_LENGTH / 2);
    expect(parts[0].text).toMatch(end);
    expect(parts[1].text).not.toMatch(/^[\udc00-\udfff\u0301]/);
  });

  test("do not depend on the chunks the text came in", async () => {
    const text = sotu.slice(0, 600_000);
    const chunks: string[] = [];
    for (let i = 0; i < text.length; i += 65_521) chunks.push(text.slice(i, i + 65_521));
    const streamed = await Array.fromAsync(intoParts(chunksOf(...chunks)));
    expect(streamed).toEqual([...partsOf(text)]);
  });
});
