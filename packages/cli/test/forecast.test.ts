import { readFileSync, readdirSync } from "node:fs";
import { ServingSketch } from "@verdigris/detector";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, test } from "vitest";
import { jsonSchemas } from "../src/commands/schema.js";
import { type ForecastJson, forecastSchema } from "../src/formats/forecast-schema.js";
import {
  TOKENIZER,
  chunks,
  cli,
  file,
  inFolder,
  jsonl,
  keyPath,
  profilePath,
  stockAnswers,
  words,
} from "./support.js";

/** A log of words whose windows repeat: an answer is made of a few stock sentences. */
let log: string;
let lines: string;

beforeAll(async () => {
  const served = await stockAnswers(300);
  lines = jsonl(
    ...served.map((tokens, i) => ({ id: String(i), text: "words", tokens: [...tokens] })),
  );
  log = file("log.jsonl", lines);
});

function forecast(...args: readonly string[]): ReturnType<typeof cli> {
  const fixed = ["--profile", profilePath, "--key-file", keyPath, "--tokenizer", TOKENIZER];
  return cli(["forecast", ...fixed, ...args]);
}

async function json(...args: readonly string[]): Promise<ForecastJson> {
  const { code, stdout, stderr } = await forecast("--log", log, "--format", "json", ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as ForecastJson;
}

describe("verdigris forecast", () => {
  test("prints JSON of the published schema; the same log and options give the same bytes", async () => {
    const published = readFileSync(new URL("../forecast.schema.json", import.meta.url), "utf8");
    expect(JSON.parse(published)).toEqual(jsonSchemas.forecast());
    const value = await json("--tenants", "24");
    const validate = new Ajv2020().compile(JSON.parse(published) as object);
    expect(validate(value) ? [] : validate.errors).toEqual([]);
    expect(forecastSchema.parse(value)).toEqual(value);
    expect(await json("--tenants", "24")).toEqual(value);
  });

  test("more taken, more of it marked: more to find; a wider gain, a wider interval", async () => {
    const whole = await json();
    const epsilons = (of: ForecastJson, student: string): number[] =>
      of.outlooks
        .filter((outlook) => outlook.student.name === student)
        .map(({ weightings }) => weightings[0].epsilon.value);
    const count = epsilons(whole, "count");
    expect(count).toEqual(count.toSorted((a, b) => a - b));
    expect(count).toHaveLength(4);
    const third = epsilons(await json("--rho", "0.3"), "count");
    for (const [i, epsilon] of third.entries()) expect(epsilon).toBeLessThan(count[i]);
    for (const { weightings, student } of whole.outlooks) {
      for (const { epsilon, requiredTokens } of weightings) {
        expect(epsilon.lower).toBeLessThanOrEqual(epsilon.value);
        if (student.name !== "language-model" || requiredTokens === null) continue;
        expect(requiredTokens.upper ?? Infinity).toBeGreaterThan(100 * requiredTokens.lower);
      }
    }
  });

  test("an auditor's text that the log does not know shows nothing", async () => {
    const texts = await Promise.all([1, 2, 3].map((i) => words(`elsewhere ${i}`, 200)));
    const other = file("other.jsonl", jsonl(...texts.map((t) => ({ text: "x", tokens: [...t] }))));
    const { windows, outlooks } = await json("--audit", other);
    expect(windows.served).toBeLessThan(windows.audited / 20);
    expect(outlooks[3].weightings[0].epsilon.value).toBeLessThan(0.01);
  });

  test("filler that the thief adds competes where it has the same windows, and not elsewhere", async () => {
    const texts = await Promise.all([1, 2, 3].map((i) => words(`filler ${i}`, 2000)));
    const other = file("filler.jsonl", jsonl(...texts.map((t) => ({ text: "x", tokens: [...t] }))));
    const leverage = async (...args: readonly string[]): Promise<number> => {
      const { outlooks } = await json("--rho", "0.5", ...args);
      return outlooks[3].markedLeverage;
    };
    const [same, elsewhere] = [await leverage(), await leverage("--filler", other)];
    expect(elsewhere).toBeGreaterThan(same);
    expect(await leverage("--filler", log)).toBeLessThan(elsewhere);
  });

  test("assertions decide the exit code, and say what they rest on", async () => {
    const weak = "p=.01,tokens=2000,power=.5";
    const strong = "p=1e-30,tokens=100,share=.01,student=language-model,weights=plain";
    const holds = await forecast("--log", log, "--assert", weak);
    expect(holds.stdout).toContain(`Holds: ${weak} (power `);
    expect(holds.code).toBe(0);
    const fails = await forecast("--log", log, "--assert", weak, "--assert", strong);
    expect(fails.stdout).toContain(`FAILS: ${strong} (power `);
    expect(fails.code).toBe(1);
  });

  test("text and Markdown say the same, and GitHub gets the latter as a summary", async () => {
    const GITHUB_STEP_SUMMARY = file("summary.md", "");
    const args = ["--profile", profilePath, "--key-file", keyPath, "--log", log];
    const { stdout } = await cli(["forecast", ...args], { env: { GITHUB_STEP_SUMMARY } });
    const markdown = await forecast("--log", log, "--format", "md");
    expect(readFileSync(GITHUB_STEP_SUMMARY, "utf8")).toBe(`${markdown.stdout}\n`);
    for (const value of ["language-model", "100 %", "distinct windows"]) {
      expect(stdout).toContain(value);
      expect(markdown.stdout).toContain(value);
    }
    expect(stdout).not.toMatch(/NaN|Infinity|undefined/);
  });

  test("standard input is read where the auditor's text is given", async () => {
    const args = [
      "--profile",
      profilePath,
      "--key-file",
      keyPath,
      "--input",
      "jsonl",
      "--log",
      "-",
    ];
    const stdin = (): AsyncGenerator<Uint8Array> => chunks(lines);
    const ok = await cli(["forecast", ...args, "--audit", log], { stdin: stdin() });
    expect(ok.stderr).toBe("");
    expect(ok.stdout).toContain("Served: 300 answers");
    const refused = await cli(["forecast", ...args], { stdin: stdin() });
    expect(refused.stderr).toContain("expected --audit FILE with -");
    expect(refused.code).toBe(2);
  });

  test("a sketch stands in for the log, without a key", async () => {
    const sketch = new ServingSketch({ h: 2, salt: new Uint8Array(32).fill(7) });
    for (const line of lines.trim().split("\n"))
      sketch.add(Uint32Array.from((JSON.parse(line) as { tokens: number[] }).tokens));
    const path = file("sketch.bin", sketch.toBytes());
    const args = ["forecast", "--profile", profilePath, "--sketch", path];
    const ok = await cli([...args, "--audit", log, "--excess", "0.3", "--format", "json"]);
    expect(ok.stderr).toBe("");
    const { served, teacher, outlooks } = JSON.parse(ok.stdout) as ForecastJson;
    expect(served.tokens).toBe(sketch.total);
    expect(teacher).toEqual({ deltaT: 0.3, standardError: 0 });
    expect(outlooks[3].weightings[0].epsilon.value).toBeGreaterThan(0.05);
    for (const [given, says] of [
      [[...args, "--audit", log], "expected --audit FILE and --excess X"],
      [args.slice(0, 3), "--log: expected it or --sketch"],
      [[...args.slice(0, 4), log, "--audit", log, "--excess", "1"], "not a serving sketch"],
    ] as const) {
      const { code, stderr } = await cli(given);
      expect(stderr).toContain(says);
      expect(code).toBe(2);
    }
  });

  test("a broken record is told once, although the log is read twice, and fails the call", async () => {
    const broken = file("broken.jsonl", `{"text": \n${lines}`);
    const { code, stdout, stderr } = await forecast("--log", broken);
    expect(stderr.match(/error: /g)).toHaveLength(1);
    expect(stdout).toContain("Survivability of test-h2");
    expect(code).toBe(2);
  });

  test("students of one's own", async () => {
    const family = {
      name: "mine",
      gain: { value: 0.3, lower: 0.2, upper: 0.4 },
      inertia: 10,
      order: 3,
      source: "a test",
    };
    const mine = file("students.json", JSON.stringify([family]));
    const { outlooks } = await json("--students", mine);
    expect(outlooks.map(({ student }) => student.name)).toEqual(Array(4).fill("mine"));
    const bad = file("bad-students.json", JSON.stringify([{ ...family, inertia: 0 }]));
    const { code, stderr } = await forecast("--log", log, "--students", bad);
    expect(stderr).toContain("students.0.inertia");
    expect(code).toBe(2);
  });

  test.each([
    ["p=1e-5", "expected tokens= a number in (0, 1000000000000], got none"],
    ["tokens=10,p=2", 'expected p= a number in (0, 0.5], got "2"'],
    ["p=.1,tokens=10,rho=0", "expected rho="],
    ["p=.1,tokens=10,colour=red", 'got "colour"'],
    ["p=.1,p=.2,tokens=9", "each name once"],
    ["nonsense", "expected NAME=VALUE"],
    ["p=.1,tokens=10,weights=heavy", "expected weights= plain, filter, leverage"],
    ["p=.1,tokens=10,student=none", "expected student= count, language-model"],
  ])("refuses --assert %s", async (bound, says) => {
    const { code, stderr } = await forecast("--log", log, "--assert", bound);
    expect(stderr).toContain(says);
    expect(code).toBe(2);
  });

  test.each([
    [["--shares", "0.5,0.1"], "Expected rising numbers"],
    [["--shares", "0"], "Expected a number in (0, 1]"],
    [["--rho", "0"], "Expected a number in (0, 1]"],
    [["--alpha", "0.7"], "Expected a number in (0, 0.5)"],
    [["--log", "none.jsonl"], "none.jsonl"],
  ])("refuses %j", async (args, says) => {
    const { code, stderr } = await forecast("--log", log, ...args);
    expect(stderr).toContain(says);
    expect(code).toBe(2);
  });

  test("leaves no file behind", () => {
    expect(readdirSync(inFolder(".")).filter((name) => name.startsWith("verdigris"))).toEqual([]);
  });
});
