import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { Key } from "@verdigris/core";
import { describe, expect, test } from "vitest";
import {
  KEY,
  KEY_HEX,
  TOKENIZER,
  chunks,
  cli,
  file,
  jsonl,
  parquetTable,
  profilePath,
  profileWith,
  keyPath,
  score,
  text,
  words,
} from "./support.js";

const marked = await text("marked", 300);
const unmarked = await text("unmarked", 300, { key: null });
const markedPath = file("marked.txt", marked);
const unmarkedPath = file("unmarked.txt", unmarked);

/** The JSON of a verdict, as far as the tests look at it. */
interface Verdict {
  readonly name: string;
  readonly scope?: string;
  readonly verdict: string;
  readonly n: number;
  readonly greenRate: number | null;
  readonly log10P: number;
  readonly tokens: number;
  readonly decoy: { readonly keys: number; readonly p: number; readonly vif: number } | null;
  readonly unscored: Readonly<Record<string, number>>;
  readonly findings: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
  readonly problems: readonly { readonly line?: number; readonly message: string }[];
  readonly files: readonly Verdict[];
  readonly documents: readonly Verdict[];
}

async function scoreJson(
  ...args: readonly string[]
): Promise<{ code: number; stderr: string; verdict: Verdict }> {
  const { code, stdout, stderr } = await score("--format", "json", ...args);
  return { code, stderr, verdict: JSON.parse(stdout) as Verdict };
}

describe("verdigris score: verdicts", () => {
  test("detects marked text: exit 0, the verdict in words first", async () => {
    const { code, stdout, stderr } = await score(markedPath);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      new RegExp(
        `^Detected: the text carries the mark of key ${KEY.id} \\(profile test-h2\\), p = \\d\\.\\de-\\d+ `,
      ),
    );
    expect(stdout).toContain("298 of 300 tokens");
    expect(stdout).toContain("A rejection says that this text");
    expect(stdout).toContain("Null hypothesis:");
  });

  test("does not detect unmarked text: exit 1", async () => {
    const { code, stdout } = await score(unmarkedPath);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Not detected: not enough evidence of/);
    expect(stdout).toContain('"Not detected" never means "unmarked"');
  });

  test("does not detect a mark with another key: exit 1", async () => {
    const other = file(
      "other-key.txt",
      Key.fromText(KEY_HEX).derive({ provider: "another" }).reveal(),
    );
    const { code } = await cli([
      "score",
      markedPath,
      "--profile",
      profilePath,
      "--key-file",
      other,
      "--tokenizer",
      TOKENIZER,
    ]);
    expect(code).toBe(1);
  });

  test("a text shorter than the context is too short: exit 3, with the least length", async () => {
    const { code, stdout } = await score(file("short.txt", " one"));
    expect(code).toBe(3);
    expect(stdout).toMatch(/^Too short: 0 scored positions; at alpha = 0.001 a test needs 5\./);
  });

  test("alpha decides", async () => {
    const path = file("brief.txt", await text("marked", 14));
    expect((await score(path, "--alpha", "0.05")).code).toBe(0);
    expect((await score(path, "--alpha", "1e-12")).code).toBe(3);
  });

  test("a mark of another scheme has a mean score, no green rate", async () => {
    const gumbel = file(
      "gumbel.json",
      JSON.stringify(profileWith({ id: "gumbel", scheme: "gumbel", parameters: {} })),
    );
    const args = [
      "score",
      unmarkedPath,
      "--profile",
      gumbel,
      "--key-file",
      keyPath,
      "--tokenizer",
      TOKENIZER,
    ];
    expect(JSON.parse((await cli([...args, "--format", "json"])).stdout)).toMatchObject({
      verdict: "not-detected",
      meanScore: expect.closeTo(1, 0),
    });
    expect((await cli(args)).stdout).toContain("mean score");
  });
});

describe("verdigris score: output", () => {
  test("JSON has everything a verdict rests on", async () => {
    const { verdict } = await scoreJson(markedPath, "--decoys", "19");
    expect(verdict).toMatchObject({
      version: 1,
      profile: "test-h2",
      keyId: KEY.id,
      verdict: "detected",
      alpha: 0.001,
      n: 298,
      tokens: 300,
      unscored: { repeated: 0, prompt: 0, keyless: 0, noContext: 2 },
      decoy: { keys: 19, p: 0.05 },
      findings: {},
      problems: [],
      warnings: [],
    });
    expect(verdict.greenRate).toBeGreaterThan(0.6);
    expect(verdict.log10P).toBeLessThan(-30);
    expect(Object.keys(verdict)).toEqual(
      expect.arrayContaining(["effect", "z", "nullHypothesis", "notice"]),
    );
    expect(verdict.files).toHaveLength(1);
    expect(verdict.files[0]).toMatchObject({
      name: expect.stringContaining("marked.txt"),
      verdict: "detected",
      n: 298,
    });
  });

  test("JSON lines: documents, files, then the pooled verdict", async () => {
    const records = file(
      "two.jsonl",
      jsonl({ id: "a", text: marked }, { id: "b", text: unmarked }),
    );
    const { code, stdout } = await score(
      records,
      markedPath,
      "--per-document",
      "--format",
      "jsonl",
    );
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Verdict);
    expect(code).toBe(0);
    expect(
      lines.map(({ scope, name, verdict }) => [scope, name.replace(/^.*\//, ""), verdict]),
    ).toEqual([
      ["document", "a", "detected"],
      ["document", "b", "not-detected"],
      ["document", "marked.txt", "detected"],
      ["file", "two.jsonl", "detected"],
      ["file", "marked.txt", "detected"],
      ["pooled", "all files", "detected"],
    ]);
  });

  test("the pooled verdict decides, and counts no coin twice", async () => {
    const { code, verdict } = await scoreJson(markedPath, markedPath, unmarkedPath);
    expect(code).toBe(0);
    expect(verdict.n).toBe(596);
    expect(verdict.unscored["repeated"]).toBe(298);
    expect(verdict.files.map((scored) => scored.verdict)).toEqual([
      "detected",
      "detected",
      "not-detected",
    ]);
    const { stdout } = await score(markedPath, unmarkedPath, "--decoys", "0");
    expect(stdout).toContain("Each file (log10 p corrected by Holm's method for 2 files):");
  });

  test("no decoy keys on request", async () => {
    expect((await scoreJson(markedPath, "--decoys", "0")).verdict.decoy).toBeNull();
  });
});

describe("verdigris score: input", () => {
  test("recorded tokens need no tokenizer", async () => {
    const path = file(
      "tokens.jsonl",
      jsonl({ text: "whatever", tokens: [...(await words("recorded", 200))] }),
    );
    const { code, stdout } = await cli([
      "score",
      path,
      "--profile",
      profilePath,
      "--key-file",
      keyPath,
      "--format",
      "json",
    ]);
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as Verdict).tokens).toBe(200);
  });

  test("windows of the prompt are not scored", async () => {
    const both = file("copied.jsonl", jsonl({ prompt: marked, text: marked }));
    const { code, verdict } = await scoreJson(both);
    expect(code).toBe(3);
    expect(verdict.unscored["prompt"]).toBe(298);
    const ids = [...(await words("marked", 300))];
    const recorded = file("copied-ids.jsonl", jsonl({ promptTokens: ids, text: "x", tokens: ids }));
    expect((await scoreJson(recorded)).verdict.unscored["prompt"]).toBe(298);
  });

  test("invisible characters are taken out before tokens are made, and reported", async () => {
    const { code, verdict } = await scoreJson(
      file("hidden.txt", marked.replaceAll(" a", " \u200ba")),
    );
    expect(code).toBe(0);
    expect(verdict.findings["zero-width"]).toBeGreaterThan(5);
    expect(verdict.n).toBe(298);
  });

  test("standard input, as text and as records", async () => {
    const args = [
      "score",
      "-",
      "--profile",
      profilePath,
      "--key-file",
      keyPath,
      "--tokenizer",
      TOKENIZER,
    ];
    expect((await cli(args, { stdin: chunks(marked) })).code).toBe(0);
    const records = { stdin: chunks(jsonl({ answer: marked })) };
    expect((await cli([...args, "--input", "jsonl", "--field", "answer"], records)).code).toBe(0);
  });

  test("compressed files", async () => {
    expect((await score(file("marked.txt.gz", gzipSync(marked)))).code).toBe(0);
  });

  test("tables, directories and patterns", async () => {
    const folder = join(dirname(profilePath), "texts");
    mkdirSync(join(folder, "deep"), { recursive: true });
    file("texts/b.csv", `n,body\n1,"${marked}"\n2,"${unmarked}"\n`);
    file("texts/deep/a.parquet", parquetTable([{ body: marked }, { body: unmarked }]));
    file("texts/ignored.bin", "\0");
    for (const input of [folder, "texts", join(folder, "**/*.{csv,parquet}")]) {
      const { code, verdict } = await scoreJson(input, "--field", "body", "--decoys", "0");
      expect(code).toBe(0);
      expect(verdict).toMatchObject({ n: 596, tokens: 1200, verdict: "detected" });
      expect(verdict.files.map(({ name }) => name.replace(/^.*texts\//, ""))).toEqual([
        "b.csv",
        "deep/a.parquet",
      ]);
    }
  });

  test("a long text comes in parts and is scored as one", async () => {
    const long = (await Promise.all(["1", "2"].map((seed) => text(seed, 25_000)))).join("");
    expect(long.length).toBeGreaterThan(1 << 18);
    const { verdict } = await scoreJson(file("long.txt", long), "--per-document", "--decoys", "0");
    expect(verdict.n + verdict.unscored["repeated"]).toBe(49_998);
    expect(verdict.unscored["noContext"]).toBe(2);
    expect(verdict.documents).toMatchObject([{ n: verdict.n, verdict: "detected" }]);
  });

  test("the tokenizer beside the profile is found", async () => {
    const folder = join(dirname(profilePath), "deployed");
    mkdirSync(folder);
    copyFileSync(TOKENIZER, join(folder, "tokenizer.json"));
    copyFileSync(profilePath, join(folder, "profile.json"));
    const { code } = await cli([
      "score",
      markedPath,
      "--profile",
      join(folder, "profile.json"),
      "--key-file",
      keyPath,
    ]);
    expect(code).toBe(0);
  });
});

describe("verdigris score: keys", () => {
  const args = ["score", markedPath, "--profile", profilePath, "--tokenizer", TOKENIZER];

  test("the key may come from the environment", async () => {
    expect((await cli(args, { env: { VERDIGRIS_KEY: KEY_HEX } })).code).toBe(0);
    const short = await cli(args, { env: { VERDIGRIS_KEY: KEY_HEX.slice(1) } });
    expect(short).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/VERDIGRIS_KEY: .*got 63 hex digits/),
    });
  });

  test("a key file that others can read is told", async () => {
    const open = file("open-key.txt", KEY_HEX, 0o644);
    const { code, stderr } = await cli([...args, "--key-file", open]);
    expect(code).toBe(0);
    expect(stderr).toContain("can be read by others (mode 644)");
  });

  test("a key that the profile was not made for is told, and scored", async () => {
    const strict = file("strict.json", JSON.stringify(profileWith({ keyId: "0123456789abcdef" })));
    const { code, stdout, stderr } = await cli(
      args.with(3, strict).concat("--key-file", keyPath, "--format", "json"),
    );
    expect(code).toBe(0);
    expect(stderr).toContain("is for key 0123456789abcdef");
    expect((JSON.parse(stdout) as Verdict).warnings).toEqual([expect.stringContaining(KEY.id)]);
  });
});
