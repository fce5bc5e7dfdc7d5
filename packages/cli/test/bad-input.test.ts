import { mkdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  KEY_HEX,
  TOKENIZER,
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
});
