import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync, zstdCompressSync } from "node:zlib";

import * as fc from "fast-check";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, describe, expect, test } from "vitest";

import { type Document, type ReadOptions, type ReadProblem, readDocuments } from "@verdigris/text";

const folder = mkdtempSync(join(tmpdir(), "formats-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function read(path: string, options?: ReadOptions): Promise<(Document | ReadProblem)[]> {
  return Array.fromAsync(readDocuments(path, options));
}

const rest = { kind: "document", part: 0, last: true };

describe("CSV files", () => {
  test("one document per row, with what is recorded of it", async () => {
    const path = file(
      "ok.csv",
      '\ufeffid,text,prompt,tokens,promptTokens\r\na,"one, ""two""\r\nthree",p,"[1, 2]",3 4\r\n\r\n,four,,,\r\n',
    );
    expect(await read(path)).toEqual([
      {
        ...rest,
        id: "a",
        text: 'one, "two"\r\nthree',
        prompt: "p",
        tokens: Uint32Array.of(1, 2),
        promptTokens: Uint32Array.of(3, 4),
      },
      { ...rest, id: `${path}:4`, text: "four" },
    ]);
  });

  test("another column, compressed, standard input", async () => {
    const content = "n,body\n1,b\n";
    const expected = [{ text: "b", id: expect.stringMatching(/:2$/) }];
    for (const path of [
      file("f.csv.gz", gzipSync(content)),
      file("f.csv.zst", zstdCompressSync(content)),
    ])
      expect(await read(path, { field: "body" })).toMatchObject(expected);
    const stdin = (async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from(content);
    })();
    expect(await read("-", { stdin, format: "csv", field: "body" })).toMatchObject([
      { id: "stdin:2", text: "b" },
    ]);
  });

  test.each([
    ["x,too,many", 3, /^not CSV: .*columns/i],
    ["x", 3, /^not CSV: .*columns/i],
    ["x,", 3, /^field "text" is blank$/],
  ])("row %j is a problem, and the rest is read", async (row, line, message) => {
    const path = file("bad.csv", `id,text\na,before\n${row}\nb,after\n`);
    const [before, problem, after] = await read(path);
    expect([before, after]).toMatchObject([{ text: "before" }, { text: "after" }]);
    expect(problem).toEqual({
      kind: "problem",
      path,
      line,
      message: expect.stringMatching(message),
    });
  });

  test("stray quotes are text", async () => {
    const path = file("stray.csv", 'id,text\n1,"a" b\n2,a "b" c\n3,end\n');
    expect(await read(path)).toMatchObject(
      ['"a" b', 'a "b" c', "end"].map((text) => ({ kind: "document", text })),
    );
  });

  test("ids that are none", async () => {
    const path = file("ids.csv", 'text,tokens\nt,"1, -2"\nt,one\nt,0.5\n');
    const expected = { kind: "problem", message: expect.stringMatching(/^field "tokens" must be/) };
    expect(await read(path)).toMatchObject([expected, expected, expected]);
  });

  test("a quote that is never closed is a problem, and the rows before it are read", async () => {
    const path = file("quote.csv", 'text\nbefore\n"after\nthe end');
    expect(await read(path)).toMatchObject([
      { text: "before" },
      { kind: "problem", message: expect.stringMatching(/^not CSV: .*quote/i) },
    ]);
  });

  test.each([
    ["empty.csv", "", "FILE_EMPTY", /contains no text/],
    ["header.csv", "id,text\n", "FILE_EMPTY", /contains no text/],
    ["column.csv", "id,body\n1,b\n", "FILE_INVALID", /no column "text"; the file has id, body/],
    ["utf16.csv", Buffer.from("\ufefftext\nt", "utf16le"), "FILE_BINARY", /looks like UTF-16/],
    ["latin1.csv", Buffer.from("text\ncafé", "latin1"), "FILE_NOT_UTF8", /is not UTF-8/],
  ])("%s is an error", async (name, content, code, message) => {
    await expect(read(file(name, content))).rejects.toMatchObject({
      name: "VerdigrisError",
      code,
      message: expect.stringMatching(message),
    });
  });

  test("whatever was written is read, in whatever chunks it comes", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", "é", '"', ",", "\n", " "), maxLength: 6 });
    const rows = fc.array(
      cell.map((text) => `x${text}`),
      { minLength: 1, maxLength: 8 },
    );
    return fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 9 }), async (texts, size) => {
        const lines = texts.map((text) => `"${text.replaceAll('"', '""')}"\n`).join("");
        const bytes = Buffer.from(`text\n${lines}`);
        const stdin = (async function* (): AsyncGenerator<Uint8Array> {
          for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
        })();
        const documents = (await read("-", { stdin, format: "csv" })) as Document[];
        expect(documents.map(({ text }) => text)).toEqual(texts);
      }),
      { seed: 5 },
    );
  });
});

/** A Parquet file of `rows` rows in groups of `rowGroupSize`. */
function table(rows: number, rowGroupSize: number): Uint8Array {
  const numbers = Array.from({ length: rows }, (_, i) => i);
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: "id", data: numbers.map(BigInt), type: "INT64" },
        { name: "text", data: numbers.map((i) => `text ${i}`), type: "STRING" },
        { name: "unused", data: numbers, type: "INT32" },
      ],
      rowGroupSize,
    }),
  );
}

describe("Parquet files", () => {
  test("a file of pyarrow: Zstandard, dictionaries, lists, nulls", async () => {
    const path = fileURLToPath(
      new URL("../../../fixtures/formats/pyarrow.parquet", import.meta.url),
    );
    expect(await read(path)).toEqual([
      {
        ...rest,
        id: "a",
        text: "Copper é",
        tokens: Uint32Array.of(1, 49_151),
        prompt: "Tell me",
        promptTokens: Uint32Array.of(7),
      },
      { ...rest, id: `${path}:2`, text: "turns green" },
      { kind: "problem", path, line: 3, message: 'field "text" must be a string, got null' },
      { ...rest, id: "d", text: "Copper é", tokens: new Uint32Array(0) },
    ]);
  });

  test("row groups come one after another, and only the columns in use", async () => {
    const documents = (await read(file("groups.parquet", table(250, 100)))) as Document[];
    expect(documents.map(({ id, text }) => [id, text])).toEqual(
      Array.from({ length: 250 }, (_, i) => [`${i}`, `text ${i}`]),
    );
    expect(documents[0]).not.toHaveProperty("unused");
  });

  test("a large row group comes in blocks", async () => {
    const texts = Array.from({ length: 22 }, (_, i) => `${i} ${"copper ".repeat(250_000)}`);
    const content = parquetWriteBuffer({
      columnData: [{ name: "text", data: texts, type: "STRING" }],
      codec: "UNCOMPRESSED",
    });
    let n = 0;
    for await (const item of readDocuments(file("large.parquet", new Uint8Array(content)))) {
      if (item.kind === "document" && item.part === 0)
        expect(item.text.startsWith(`${n++} copper`)).toBe(true);
    }
    expect(n).toBe(22);
  });

  const whole = table(10, 10);

  test.each([
    [
      "cut.parquet",
      whole.subarray(0, whole.length - 9),
      "FILE_INVALID",
      /not a whole Parquet file/,
    ],
    ["nothing.parquet", "", "FILE_INVALID", /not a whole Parquet file/],
    ["fake.parquet", "some text in place of a table", "FILE_INVALID", /not a whole Parquet file/],
    [
      "holed.parquet",
      Uint8Array.from(whole, (byte, i) => (i >= 4 && i < 200 ? 0xff : byte)),
      "FILE_INVALID",
      /not a whole Parquet file/,
    ],
    ["none.parquet", table(0, 10), "FILE_EMPTY", /contains no text/],
  ])("%s is an error", async (name, content, code, message) => {
    const path = file(name, content);
    await expect(read(path)).rejects.toMatchObject({
      name: "VerdigrisError",
      code,
      message: expect.stringMatching(message),
    });
  });

  test("a missing column is named, with those there are", async () => {
    await expect(read(file("t.parquet", whole), { field: "body" })).rejects.toThrow(
      /no column "body"; the file has id, text, unused/,
    );
  });

  test("a missing file, and standard input", async () => {
    await expect(read(join(folder, "no.parquet"))).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
    });
    await expect(read("-", { format: "parquet" })).rejects.toThrow(/give the file's name/);
  });
});
