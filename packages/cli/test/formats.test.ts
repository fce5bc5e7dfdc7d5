import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import AjvDraft04 from "ajv-draft-04";
import { parse } from "csv-parse/sync";
import type { Log } from "sarif";
import { describe, expect, test } from "vitest";
import { validateXML } from "xmllint-wasm";
import { jsonSchemas } from "../src/commands/schema.js";
import { formats } from "../src/formats/index.js";
import { each, jsonPieces } from "../src/formats/json-pieces.js";
import { scoreLineSchema, scoreSchema } from "@verdigris/detector/json";
import type { Scored } from "../src/scoring.js";
import {
  KEY,
  TOKENIZER,
  type Outcome,
  cli,
  file,
  inFolder,
  jsonl,
  keyPath,
  profilePath,
  profileWith,
  words,
} from "./support.js";

/** Names that break a format which quotes carelessly, or that a spreadsheet would run. */
const NASTY = [
  "=HYPERLINK(1)",
  "+1",
  "-1+1",
  "@SUM(A1)",
  "\t=1",
  'a "quoted", name',
  "two\nlines",
  "</testcase><x a='&'>]]>",
  "bell \u0007 and \ufffe",
  "| pipe | **bold** `code`",
  "naïve ☃ 😀",
];

const ids = [...(await words("marked", 120))];
const other = [...(await words("unmarked", 120, { key: null }))];
const broken = "{not json\n";
const nasty = file(
  "nasty.jsonl",
  jsonl(
    ...NASTY.map((id, i) => ({ id, text: "x", tokens: (i % 2 === 0 ? ids : other).slice(i) })),
  ) +
    jsonl({ id: "short", text: "x", tokens: [500] }) +
    broken,
);
const markedPath = file("marked.jsonl", jsonl({ text: "x", tokens: ids }));
const short = file("short.jsonl", jsonl({ text: "x", tokens: [500] }));
const hidden = file("hidden.txt", "soft\u00adened a\u200b text".repeat(9));
const unmarkedPath = file("un marked #1.jsonl", jsonl({ text: "x", tokens: other }));

/** `score` on recorded tokens, which need no tokenizer. */
function score(...args: readonly string[]): Promise<Outcome> {
  return cli(["score", ...args, "--profile", profilePath, "--key-file", keyPath]);
}

const runs = new Map<string, Promise<Outcome>>();

/** Everything at once, run once per format: many documents, three files, a broken record. */
function all(format: string): Promise<Outcome> {
  const args = ["--per-document", "--format", format, "--decoys", "19"];
  const run = runs.get(format) ?? score(nasty, markedPath, unmarkedPath, ...args);
  runs.set(format, run);
  return run;
}

const DOCUMENTS = NASTY.length + 1 + 2;

describe("CSV", () => {
  test("a row per document and file and one for all, whatever the names", async () => {
    const { code, stdout } = await all("csv");
    expect(code).toBe(2);
    const rows: Record<string, string>[] = parse(stdout, { columns: true, record_delimiter: "\n" });
    expect(rows.map(({ scope }) => scope)).toEqual([
      ...Array.from({ length: DOCUMENTS }, () => "document"),
      ...Array.from({ length: 3 }, () => "file"),
      "pooled",
    ]);
    const names = rows.slice(0, NASTY.length).map(({ name }) => name);
    expect(names).toEqual(NASTY.map((name) => (/^[=+@\t-]/.test(name) ? `'${name}` : name)));
    expect(rows[0]).toMatchObject({ verdict: "detected", keyId: KEY.id, n: "118" });
    // A number stays one: no apostrophe before its sign.
    expect(Number(rows[0]["log10P"])).toBeLessThan(-10);
  });

  test("no cell opens with what a spreadsheet takes for a formula, but numbers", async () => {
    const cells = (parse((await all("csv")).stdout) as string[][]).flat();
    expect(cells.filter((cell) => /^[=+@\t\r-]/.test(cell) && Number.isNaN(Number(cell)))).toEqual(
      [],
    );
  });
});

describe("JUnit", () => {
  const schema = {
    fileName: "junit-10.xsd",
    contents: readFileSync(
      new URL("../../../fixtures/schemas/junit-10.xsd", import.meta.url),
      "utf8",
    ),
  };
  const problems = async (contents: string): Promise<readonly string[]> => {
    const { errors } = await validateXML({ xml: { fileName: "x.xml", contents }, schema });
    return errors.map(({ message }) => message);
  };

  test("is valid, and counts what it holds", async () => {
    const { stdout } = await all("junit");
    expect(await problems(stdout)).toEqual([]);
    const count = (pattern: RegExp): number => stdout.match(pattern)?.length ?? 0;
    expect(stdout).toContain(
      `<testsuites name="verdigris score" tests="${DOCUMENTS + 3 + 1 + 1}" failures="${count(/<failure /g)}" errors="1">`,
    );
    expect(count(/<testcase /g)).toBe(DOCUMENTS + 3 + 1 + 1);
    // Five unmarked records and an unmarked file fail; the short record is skipped.
    expect(stdout).toMatch(
      /<testsuite name="documents" tests="14" failures="6" errors="0" skipped="1">/,
    );
    expect(stdout).toContain('<error type="unusable-record" message="not JSON');
  });

  test("canary: the schema sees a wrong element and broken XML", async () => {
    const { stdout } = await all("junit");
    expect(await problems(stdout.replaceAll("failure", "fiasco"))).not.toEqual([]);
    expect(await problems(stdout.replace("</testsuites>", ""))).not.toEqual([]);
  });
});

describe("SARIF", () => {
  const path = createRequire(import.meta.url).resolve(
    "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json",
  );
  // Formats (uri) are checked below; a pattern of the schema is no regular expression under the flag u.
  const validate = new AjvDraft04.default({
    strict: false,
    validateFormats: false,
    unicodeRegExp: false,
  }).compile(JSON.parse(readFileSync(path, "utf8")) as object);

  test("is valid: a detection is a finding, the rest is open or not applicable", async () => {
    const { stdout } = await all("sarif");
    const log = JSON.parse(stdout) as Log;
    expect(validate(log) ? [] : validate.errors).toEqual([]);
    const [run] = log.runs;
    const results = run.results ?? [];
    expect(results).toHaveLength(DOCUMENTS + 3 + 1);
    expect(new Set(results.map(({ kind, level }) => `${kind}/${level}`))).toEqual(
      new Set(["fail/warning", "open/none", "notApplicable/none"]),
    );
    expect(results[0]).toMatchObject({
      kind: "fail",
      locations: [{ logicalLocations: [{ name: NASTY[0] }] }],
      properties: { verdict: "detected", n: 118 },
    });
    const [invocation] = run.invocations ?? [];
    expect(invocation.executionSuccessful).toBe(false);
    expect(invocation.toolExecutionNotifications).toHaveLength(1);
  });

  test("files have URIs, with a space and # escaped", async () => {
    const { stdout } = await all("sarif");
    const uris = [...stdout.matchAll(/"uri": "([^"]*)"/g)].map(([, uri]) => uri);
    expect(uris).toHaveLength(4);
    expect(uris.some((uri) => uri.endsWith("un%20marked%20%231.jsonl"))).toBe(true);
    for (const uri of uris) expect(new URL(uri, "file:///base/").protocol).toBe("file:");
  });

  test("canary: the schema sees a wrong level and a field of no meaning", async () => {
    const log = JSON.parse((await all("sarif")).stdout) as Log;
    expect(validate({ ...log, runs: [{ ...log.runs[0], colour: "green" }] })).toBe(false);
    const [result] = log.runs[0].results ?? [];
    expect(
      validate({ ...log, runs: [{ ...log.runs[0], results: [{ ...result, level: "bad" }] }] }),
    ).toBe(false);
  });
});

describe("JSON and JSON lines", () => {
  const published = (name: string): object =>
    JSON.parse(
      readFileSync(fileURLToPath(new URL(`../${name}.schema.json`, import.meta.url)), "utf8"),
    ) as object;
  const ajv = new Ajv2020({ allowUnionTypes: true });

  test("the published schemas are current", () => {
    expect(published("score")).toEqual(jsonSchemas.score());
    expect(published("score-lines")).toEqual(jsonSchemas["score-lines"]());
  });

  const asPeer = async (format: string): Promise<string> => {
    const profile = file(
      "hf.json",
      readFileSync(new URL("../../../fixtures/profiles/hf-lefthash.json", import.meta.url)),
    );
    const key = file("hf-key.txt", "15485863");
    const tokens = file("hf.jsonl", jsonl({ text: "x", tokens: ids.slice(0, 20) }));
    const args = [
      tokens,
      "--profile",
      profile,
      "--key-file",
      key,
      "--as-peer",
      "--format",
      format,
      "--decoys",
      "0",
    ];
    return (await cli(["score", ...args])).stdout;
  };
  const gumbel = async (format: string): Promise<string> => {
    const profile = profileWith({ id: "gumbel", scheme: "gumbel", parameters: {} });
    const path = file("gumbel.json", JSON.stringify(profile));
    const args = ["--profile", path, "--key-file", keyPath];
    return (await cli(["score", unmarkedPath, ...args, "--format", format, "--decoys", "0"]))
      .stdout;
  };
  const outputs = async (format: string): Promise<readonly string[]> => [
    (await all(format)).stdout,
    (await score(short, "--format", format)).stdout,
    (await score(hidden, "--tokenizer", TOKENIZER, "--format", format)).stdout,
    await gumbel(format),
    await asPeer(format),
  ];

  test("documents are valid, and hold no field that the schema does not name", async () => {
    const validate = ajv.compile(published("score"));
    for (const output of await outputs("json")) {
      const value: unknown = JSON.parse(output);
      expect(validate(value) ? [] : validate.errors).toEqual([]);
      expect(scoreSchema.parse(value)).toEqual(value);
    }
  });

  test("so are lines", async () => {
    const validate = ajv.compile(published("score-lines"));
    const lines = (await outputs("jsonl")).flatMap((output) => output.trimEnd().split("\n"));
    expect(lines).toHaveLength(DOCUMENTS + 3 + 1 + 4 * 2);
    for (const line of lines) {
      const value: unknown = JSON.parse(line);
      expect(validate(value) ? [] : validate.errors).toEqual([]);
      expect(scoreLineSchema.parse(value)).toEqual(value);
    }
  });

  test("canary: a verdict of no kind, a p above 1 and a missing field are refused", async () => {
    const validate = ajv.compile(published("score"));
    const value = JSON.parse((await all("json")).stdout) as Record<string, unknown>;
    expect(validate({ ...value, verdict: "guilty" })).toBe(false);
    expect(validate({ ...value, log10P: 0.1 })).toBe(false);
    const { notice: _, ...rest } = value;
    expect(validate(rest)).toBe(false);
  });

  test("the command prints them", async () => {
    const { code, stdout } = await cli(["schema", "score"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(published("score"));
    expect((await cli(["schema", "verdict"])).code).toBe(2);
  });
});

describe("lists that are not in memory", () => {
  test("are printed as JSON.stringify would print them", () => {
    const item = { a: [1, { b: "x\ny" }], c: {}, d: [], e: undefined };
    const plain = { head: '"', list: [item, "s", null, 1.5], nested: { none: [], ...item } };
    const long = {
      ...plain,
      list: each(plain.list, (x) => x),
      nested: { ...plain.nested, none: each([], (x) => x) },
    };
    expect([...jsonPieces(long)].join("")).toBe(JSON.stringify(plain, null, 2));
  });

  test("JSON, SARIF and JUnit of many documents come in pieces, and hold no more than one at a time", () => {
    let alive = 0;
    function* documents(): Generator<Scored> {
      for (let i = 0; i < 1000; i++) {
        expect(++alive).toBeLessThanOrEqual(1);
        yield { ...scored, name: `${i}` };
        alive--;
      }
    }
    const count = {
      n: 0,
      sum: 0,
      tokens: 0,
      unscored: { repeated: 0, prompt: 0, keyless: 0, noContext: 0 },
    };
    const evidence = { n: 0, sum: 0, log10P: 0, zScore: 0, effect: 0 };
    const verdict = {
      kind: "not-detected",
      alpha: 0.1,
      count,
      evidence,
      log10P: 0,
      decoys: null,
      decidedBy: "tail",
      warnings: [],
    } as const;
    const scored: Scored = {
      name: "x",
      kind: "not-detected",
      verdict,
      log10PAdjusted: 0,
      findings: new Map(),
    };
    const list = {
      length: 1000,
      [Symbol.iterator]: documents,
      map: () => expect.fail("not in memory"),
    };
    const result = {
      pooled: scored,
      files: [scored],
      documents: list,
      problems: [],
      peers: [],
      close: () => {},
    };
    const setting = {
      program: "0",
      profile: "p",
      keyId: "k",
      law: "bernoulli",
      nullMean: 0.5,
      warnings: [],
    } as const;
    for (const format of Object.values(formats)) {
      const pieces = [...format(result, setting)];
      expect(pieces.length).toBeGreaterThan(1000);
      for (const piece of pieces) expect(piece.length).toBeLessThan(5000);
    }
  });
});

describe("Markdown", () => {
  test("verdict, numbers, tables; names cannot break a row", async () => {
    const { stdout } = await all("md");
    expect(stdout).toMatch(/^\*\*Detected: the text carries the mark of key /);
    const rows = stdout.split("\n").filter((line) => line.startsWith("|"));
    for (const row of rows) expect([2, 4]).toContain(row.replace(/\\./g, "").split("|").length - 2);
    expect(rows).toHaveLength(8 + 2 + 3 + 2 + DOCUMENTS);
    expect(stdout).toContain("| \\| pipe \\| \\*\\*bold\\*\\* \\`code\\` |");
    expect(stdout).toContain('"Not detected" never means "unmarked"');
  });

  test("goes to the summary of a GitHub step, after what is there", async () => {
    const summary = file("summary.md", "before\n");
    const args = ["--profile", profilePath, "--key-file", keyPath];
    const env = { GITHUB_STEP_SUMMARY: summary };
    const { code, stderr } = await cli(["score", markedPath, ...args], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(readFileSync(summary, "utf8")).toMatch(/^before\n\*\*Detected: .*carries the mark/);
    const lost = { GITHUB_STEP_SUMMARY: inFolder("no-such-folder/summary.md") };
    const without = await cli(["score", markedPath, ...args], { env: lost });
    expect(without).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^warning: GITHUB_STEP_SUMMARY: ENOENT/),
    });
  });
});

describe("exit codes", () => {
  test.each([
    ["detected", markedPath, 0],
    ["not detected", unmarkedPath, 1],
    ["too short", short, 3],
    ["a broken record", nasty, 2],
    ["no such file", inFolder("none.txt"), 2],
  ])("%s; --exit-zero leaves only errors", async (_what, path, code) => {
    expect((await score(path)).code).toBe(code);
    expect((await score(path, "--exit-zero")).code).toBe(code === 2 ? 2 : 0);
  });
});
