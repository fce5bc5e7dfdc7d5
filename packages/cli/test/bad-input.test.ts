import { mkdirSync } from "node:fs";
import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import {
  KEY_HEX,
  TOKENIZER,
  chunks,
  cli,
  file,
  inFolder,
  jsonl,
  keyPath,
  parquetTable,
  profilePath,
  profileWith,
  score,
  text,
  words,
} from "./support.js";

const markedPath = file("marked.txt", await text("marked", 100));

function withProfile(name: string, change: Readonly<Record<string, unknown>>): readonly string[] {
  const path = file(`${name}.json`, JSON.stringify(profileWith(change)));
  return ["--profile", path, "--key-file", keyPath, "--tokenizer", TOKENIZER];
}

const usual = ["--profile", profilePath, "--key-file", keyPath, "--tokenizer", TOKENIZER];
const digest = "0".repeat(64);
const emptyFolder = inFolder("empty-folder");
mkdirSync(emptyFolder);
const table = parquetTable([{ id: "a", text: "some text" }]);

/** Arguments of `score` after the command's name; what standard error says. Each exits with 2. */
const TABLE: readonly (readonly [what: string, args: readonly string[], says: RegExp])[] = [
  ["no profile given", [markedPath, "--key-file", keyPath], /--profile <file>' not specified/],
  [
    "missing profile",
    [markedPath, "--profile", inFolder("none.json"), "--key-file", keyPath],
    /none\.json does not exist/,
  ],
  [
    "profile that is not JSON",
    [markedPath, "--profile", markedPath, "--key-file", keyPath],
    /marked\.txt is not JSON/,
  ],
  [
    "key in place of a profile",
    [markedPath, "--profile", keyPath, "--key-file", keyPath],
    /key\.txt is not JSON/,
  ],
  ["no key", [markedPath, "--profile", profilePath], /expected --key-file FILE, or VERDIGRIS_KEY/],
  [
    "missing key file",
    [markedPath, "--profile", profilePath, "--key-file", inFolder("none")],
    /none does not exist/,
  ],
  [
    "key file that cannot be read",
    [markedPath, ...usual, "--key-file", emptyFolder],
    /cannot be read/,
  ],
  [
    "short key",
    [markedPath, ...usual, "--key-file", file("short-key", KEY_HEX.slice(2))],
    /short-key: key: expected 64 hex digits \(32 bytes\), got 62/,
  ],
  [
    "key that is not hex",
    [markedPath, ...usual, "--key-file", file("word-key", "swordfish")],
    /got 9 characters that are not all hex/,
  ],
  [
    "another file as key",
    [markedPath, ...usual, "--key-file", TOKENIZER],
    /expected 64 hex digits \(32 bytes\), got \d+ bytes/,
  ],
  [
    "key as an argument",
    [markedPath, "--profile", profilePath, "--key-file", KEY_HEX],
    /\[64 hex digits\] does not exist/,
  ],
  ["key as an option", [markedPath, ...usual, `--key=${KEY_HEX}`], /unknown option '--key/],
  [
    "tokenizer of another model",
    [markedPath, ...withProfile("digest", { tokenizer: { id: "other", sha256: digest } })],
    new RegExp(`expected SHA-256 ${digest}, got e707dd900c8d`),
  ],
  [
    "no tokenizer",
    [markedPath, "--profile", profilePath, "--key-file", keyPath],
    /--tokenizer: expected the tokenizer\.json of smollm2 \(SHA-256 e707dd/,
  ],
  [
    "missing tokenizer",
    [markedPath, ...usual, "--tokenizer", inFolder("none.json")],
    /none\.json does not exist/,
  ],
  [
    "gamma of 1",
    [markedPath, ...withProfile("gamma1", { parameters: { gamma: 1, delta: 2 } })],
    /parameters\.gamma: .*got 1/,
  ],
  [
    "gamma of 0",
    [markedPath, ...withProfile("gamma0", { parameters: { gamma: 0, delta: 2 } })],
    /parameters\.gamma: .*got 0/,
  ],
  ["h of 9", [markedPath, ...withProfile("h9", { h: 9 })], /profile\.h: .*8.*, got 9/],
  [
    "alpha of 0",
    [markedPath, ...usual, "--alpha", "0"],
    /--alpha.*Expected a number in \(0, 1\), got "0"/,
  ],
  ["alpha that is no number", [markedPath, ...usual, "--alpha", "small"], /--alpha.*got "small"/],
  [
    "half a decoy",
    [markedPath, ...usual, "--decoys", "1.5"],
    /--decoys.*Expected a whole number in \[0, 1000000\], got "1.5"/,
  ],
  [
    "unknown format",
    [markedPath, ...usual, "--format", "xml"],
    /--format.*'xml' is invalid. Allowed choices are text, json, jsonl/,
  ],
  ["no memory", [markedPath, ...usual, "--memory", "0"], /whole number in \[1, 65536\], got "0"/],
  ["no workers", [markedPath, ...usual, "--workers", "0"], /whole number in \[1, 64\], got "0"/],
  ["unknown option", [markedPath, ...usual, "--colour"], /unknown option '--colour'/],
  ["no file", usual, /missing required argument 'file'/],
  ["missing file", [inFolder("none.txt"), ...usual], /none\.txt does not exist/],
  [
    "directory without texts",
    [emptyFolder, ...usual],
    /empty-folder holds no file that ends in \.txt, \.md, \.jsonl, \.ndjson, \.csv, \.parquet/,
  ],
  ["pattern without matches", [inFolder("no*.txt"), ...usual], /no file matches \S*no\*\.txt/],
  ["empty file", [file("empty.txt", ""), ...usual], /empty\.txt contains no text/],
  [
    "binary file",
    [file("binary.txt", Uint8Array.from([1, 0, 2])), ...usual],
    /binary\.txt is not a text file/,
  ],
  [
    "file in UTF-16",
    [file("utf16.txt", Buffer.from("\ufeffsome text", "utf16le")), ...usual],
    /utf16\.txt is not a text file: it looks like UTF-16; convert it to UTF-8/,
  ],
  [
    "Latin-1 in a CSV file",
    [file("latin1.csv", Buffer.from("text\ncafé", "latin1")), ...usual],
    /latin1\.csv.*is not UTF-8/,
  ],
  [
    "CSV file without the column",
    [file("column.csv", "id,body\n1,b\n"), ...usual],
    /column\.csv: no column "text"; the file has id, body/,
  ],
  [
    "truncated Parquet file",
    [file("cut.parquet", table.subarray(0, table.length - 8)), ...usual],
    /cut\.parquet is not a whole Parquet file/,
  ],
  [
    "Parquet file without the column",
    [file("whole.parquet", table), ...usual, "--field", "body"],
    /whole\.parquet: no column "body"; the file has id, text/,
  ],
  [
    "Parquet on standard input",
    ["-", ...usual, "--input", "parquet"],
    /stdin cannot be read: a Parquet file ends with its index/,
  ],
  [
    "file that is not UTF-8",
    [file("latin1.txt", Uint8Array.from([0x63, 0xe9, 0x20])), ...usual],
    /latin1\.txt.*is not UTF-8/,
  ],
];

describe("verdigris score: bad input", () => {
  test.each(TABLE)("%s", async (_what, args, says) => {
    const { code, stdout, stderr } = await cli(["score", ...args]);
    expect(stderr).toMatch(says);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  test("a broken line is told with its number, the rest is scored, and the exit code says so", async () => {
    const ids = [...(await words("marked", 200))];
    const path = file(
      "broken.jsonl",
      `${jsonl({ text: "x", tokens: ids })}{"text": \n${jsonl({ text: "y", tokens: [49_152] })}`,
    );
    const { code, stdout, stderr } = await score(path, "--format", "json");
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: \S*broken\.jsonl:2: not JSON/);
    expect(stderr).toContain(
      "broken.jsonl:3: tokens[0]: expected a token id below V = 49152, got 49152",
    );
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: "detected",
      n: 198,
      problems: [{ line: 2 }, {}],
    });
    expect((await score(path)).stdout).toContain("warning: 2 records could not be used");
  });

  test("a broken row of a CSV file is told with its number, and the rest is scored", async () => {
    const marked = await text("marked", 200);
    const path = file("broken.csv", `id,text\na,"${marked}"\nb,too,many\nc,"${marked}"\n`);
    const { code, stdout, stderr } = await score(path, "--format", "json");
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: \S*broken\.csv:3: not CSV: .*columns/i);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: "detected", n: 198, tokens: 400 });
  });

  test("a file of broken lines only", async () => {
    const { code, stdout } = await score(file("all-broken.jsonl", "nonsense\n"));
    expect(code).toBe(2);
    expect(stdout).toMatch(/^Too short: 0 scored positions/);
  });

  test("of several files, one that cannot be read is told, and the others are scored", async () => {
    const latin1 = file("late-latin1.txt", Buffer.from("café", "latin1"));
    const empty = file("empty-too.txt", "");
    const { code, stdout, stderr } = await score(latin1, empty, markedPath, "--format", "json");
    expect(code).toBe(2);
    expect(stderr).toMatch(/late-latin1\.txt.*is not UTF-8.*\n.*empty-too\.txt contains no text/);
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: "detected",
      n: 98,
      files: [{ name: expect.stringContaining("marked.txt") }],
      problems: [
        { path: expect.stringContaining("late-latin1.txt") },
        { path: expect.stringContaining("empty-too.txt") },
      ],
    });
  });

  test("a name that does not exist among others: nothing is scored", async () => {
    const { code, stdout, stderr } = await score(markedPath, inFolder("gone.csv"));
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/gone\.csv does not exist/);
  });

  test("a file of one token is too short", async () => {
    const { code, stdout } = await score(file("one.txt", "a"), "--format", "json");
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: "too-short", n: 0, tokens: 1 });
  });

  test.skipIf(process.getuid?.() === 0)("a key file without the right to read it", async () => {
    const { code, stderr } = await score(markedPath, "--key-file", file("locked", KEY_HEX, 0o000));
    expect(code).toBe(2);
    expect(stderr).toMatch(/locked cannot be read: EACCES/);
  });

  test("standard input that breaks off with an error", async () => {
    const stdin = (async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('{"text":"some text"}\n{"te');
      throw Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
    })();
    const { code, stdout, stderr } = await cli(["score", "-", ...usual, "--input", "jsonl"], {
      stdin,
    });
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toBe("error: stdin cannot be read: read ECONNRESET\n");
  });

  test("standard input that ends within a record: the whole records are scored", async () => {
    const ids = [...(await words("marked", 200))];
    const stdin = chunks(jsonl({ text: "x", tokens: ids }), '{"text":"y","tok');
    const { code, stdout, stderr } = await cli(
      ["score", "-", ...usual, "--input", "jsonl", "--format", "json"],
      { stdin },
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: stdin:2: not JSON/);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: "detected", n: 198 });
  });

  test("a reader of the verdict that goes away", async () => {
    const stdout = new Writable({
      write: (_chunk, _encoding, done) =>
        done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" })),
    });
    expect(await cli(["score", markedPath, ...usual], { stdout })).toMatchObject({
      code: 141,
      stderr: "",
    });
  });
});
