import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Report } from "@verdigris/survival";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, test } from "vitest";
import { jsonSchemas } from "../src/commands/schema.js";
import { MATERIAL, writeCorpus } from "./corpus.js";
import { Sink, cli, file, inFolder, profileWith } from "./support.js";

beforeAll(async () => {
  await writeCorpus();
  file("experiment.json", JSON.stringify(experiment()));
});

function experiment(change: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    name: "tiny",
    material: MATERIAL,
    tokens: 1500,
    audit: { closed: 200, open: 100, decoys: 19 },
    runs: [{ h: [2], rho: [1], student: { kind: "count", order: 3 } }],
    ...change,
  };
}

/** As much of a study's report as tells it from an experiment's. */
const STUDY_REPORT = {
  version: 1,
  kind: "study",
  cells: [{}],
  controls: {
    unmarkedTeacher: [{}],
    untrained: [{}],
    wrongKeys: [{}],
    teacher: [{}],
    copier: [{}],
  },
};

const config = ["survive", "--config", "experiment.json"];

describe("verdigris survive", () => {
  test("writes forecasts and the report in three forms, and resumes from what is finished", async () => {
    const out = inFolder("out");
    const first = await cli([...config, "--out", "out"]);
    expect(first.stderr).toMatch(/^1\/5 count student, h = 2: rho = 0\n/);
    expect(first.stderr).toMatch(
      /wrote report\.json, report\.md, report\.html and forecasts\.json in \S*out\n$/,
    );
    expect(first.code).toBe(0);
    const names = ["forecasts.json", "report.html", "report.json", "report.md"];
    expect(readdirSync(out).sort()).toEqual(["cache", ...names]);
    expect(statSync(join(out, "forecasts.json")).mtimeMs).toBeLessThan(
      statSync(join(out, "report.json")).mtimeMs,
    );

    const before = names.map((name) => readFileSync(join(out, name), "utf8"));
    const cells = readdirSync(join(out, "cache"));
    const stamps = cells.map((cell) => statSync(join(out, "cache", cell)).mtimeMs);
    expect(cells).toHaveLength(5);
    rmSync(join(out, "cache", cells[0]));
    const again = await cli([...config, "--out", "out"]);
    expect(again.stdout).toBe(first.stdout);
    expect(names.map((name) => readFileSync(join(out, name), "utf8"))).toEqual(before);
    expect(cells.slice(1).map((cell) => statSync(join(out, "cache", cell)).mtimeMs)).toEqual(
      stamps.slice(1),
    );

    const json = await cli([...config, "--out", "out", "--format", "json"]);
    expect(json.stdout).toBe(readFileSync(join(out, "report.json"), "utf8"));
  });

  test("a terminal gets a bar", async () => {
    const stderr = Object.assign(new Sink(), {
      isTTY: true,
      columns: 80,
      cursorTo() {},
      clearLine() {},
      moveCursor() {},
    });
    expect((await cli([...config, "--out", "out"], { stderr })).code).toBe(0);
    expect(stderr.text).toContain("5/5");
    expect(stderr.text).not.toMatch(/^1\/5/m);
  });

  test.each([
    ["a missing configuration", () => ["--config", "none.json"], /none\.json does not exist/],
    [
      "a setting out of range",
      () => ["--config", file("bad.json", JSON.stringify(experiment({ alpha: 2 })))],
      /config\.alpha: .*got 2/,
    ],
    [
      "a missing corpus",
      () => [
        "--config",
        file(
          "lost.json",
          JSON.stringify(experiment({ material: { manifest: "no.json", human: ["x"] } })),
        ),
      ],
      /no\.json/,
    ],
    [
      "too little text",
      () => ["--config", file("much.json", JSON.stringify(experiment({ tokens: 1e6 })))],
      /expected at most the \d+ \w+ tokens there are/,
    ],
    ["no configuration", () => [], /--config <file>' not specified/],
  ])("%s", async (_what, args, says) => {
    const { code, stdout, stderr } = await cli(["survive", ...args(), "--out", "failed"]);
    expect(stderr).toMatch(says);
    expect(stdout).toBe("");
    expect(code).toBe(2);
    expect(existsSync(inFolder("failed"))).toBe(false);
  });

  test("output that cannot be written: nothing is left half-written", async () => {
    writeFileSync(inFolder("occupied"), "a file where a folder should go");
    const { code, stderr } = await cli([...config, "--out", "occupied"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/forecasts\.json: cannot be written/);
  });
});

describe("verdigris survive --check", () => {
  const check = (budgets: unknown, ...args: readonly string[]): ReturnType<typeof cli> => {
    const path = file("budgets.json", JSON.stringify(budgets));
    return cli([...config, "--out", "out", "--check", path, ...args]);
  };
  const loose = { version: 1, falseAlarms: { most: 0 }, forecastError: { most: 1 } };
  const strict = { version: 1, power: [{ least: 0.999999, alpha: 1e-9 }] };

  test("within budgets: exit code 0; outside: 1; both say so after the report", async () => {
    const within = await check(loose);
    expect(within.stdout).toMatch(/Survival report: tiny[^]*\nWithin budgets: 2 checks hold\.\n/);
    expect(within.stdout).toContain("  ok    false-alarms       all: 0 of ");
    expect(within.code).toBe(0);
    const outside = await check({ ...loose, ...strict });
    expect(outside.stdout).toMatch(/Outside of budgets: 1 of 3 checks failed\./);
    expect(outside.stdout).toContain("  FAIL  power              count h = 2, ρ = 1: power ");
    expect(outside.code).toBe(1);
  });

  test("JSON is of the published schema; GitHub gets a summary; budgets follow theirs", async () => {
    const GITHUB_STEP_SUMMARY = file("check.md", "");
    const path = file("both.json", JSON.stringify({ ...loose, ...strict }));
    const args = [...config, "--out", "out", "--check", path, "--format", "json"];
    const { code, stdout } = await cli(args, { env: { GITHUB_STEP_SUMMARY } });
    expect(code).toBe(1);
    for (const name of ["budgets", "check"] as const) {
      const published = readFileSync(new URL(`../${name}.schema.json`, import.meta.url), "utf8");
      const schema = JSON.parse(published) as object;
      expect(schema).toEqual(await jsonSchemas[name]());
      const validate = new Ajv2020().compile(schema);
      const value = name === "check" ? stdout : readFileSync(path, "utf8");
      expect(validate(JSON.parse(value)) ? [] : validate.errors).toEqual([]);
    }
    expect(readFileSync(GITHUB_STEP_SUMMARY, "utf8")).toMatch(
      /\*\*Outside of budgets: 1 of 3 checks failed\.\*\*\n\n\| {2}\| check [^]*\| FAIL \| power \|/,
    );
  });

  test("against the baseline of an earlier run", async () => {
    await cli([...config, "--out", "out"]);
    const same = await check(loose, "--baseline", "out/report.json");
    expect(same.stdout).toContain("as before");
    expect(same.code).toBe(0);
    const report = JSON.parse(readFileSync(inFolder("out/report.json"), "utf8")) as Report;
    const better = {
      ...report,
      cells: report.cells.map((cell) => ({
        ...cell,
        closed: { ...cell.closed, interval: { lower: 0.9, upper: 0.95 } },
      })),
    };
    const path = file("better.json", JSON.stringify(better));
    const regressed = await check(loose, "--baseline", path);
    expect(regressed.stdout).toContain("regressed");
    expect(regressed.code).toBe(1);
  });

  test.each([
    ["budgets of nothing", { version: 1 }, [], "expected power, falseAlarms or forecastError"],
    [
      "a budget for no cell",
      { version: 1, power: [{ where: { h: 9 }, least: 0.5 }] },
      [],
      "count h = 2",
    ],
    ["a field that is not known", { version: 1, speed: 1 }, [], "speed"],
    [
      "a baseline that is no report",
      loose,
      ["--baseline", "experiment.json"],
      "is not a report of",
    ],
    [
      "a baseline of a study",
      loose,
      ["--baseline", file("study-report.json", JSON.stringify(STUDY_REPORT))],
      /--baseline: expected the report of an earlier experiment, got .*study-report\.json/,
    ],
    ["a baseline that is not there", loose, ["--baseline", "none.json"], "does not exist"],
  ])("%s is a usage error, and named", async (_what, budgets, args, says) => {
    const { code, stderr } = await check(budgets, ...args);
    expect(stderr).toMatch(says);
    expect(code).toBe(2);
  });

  test("a baseline without budgets is refused", async () => {
    const { code, stderr } = await cli([...config, "--baseline", "out/report.json"]);
    expect(stderr).toContain("--baseline: expected --check FILE");
    expect(code).toBe(2);
  });
});

describe("verdigris report", () => {
  test("renders a stored report as the run itself did", async () => {
    await cli([...config, "--out", "out"]);
    const stored = (name: string): string => readFileSync(inFolder(`out/${name}`), "utf8");
    expect((await cli(["report", "out/report.json"])).stdout).toBe(stored("report.md"));
    expect((await cli(["report", "out/report.json", "--format", "html"])).stdout).toBe(
      stored("report.html"),
    );
    const { code, stdout, stderr } = await cli([
      "report",
      "out/report.json",
      "--format",
      "text",
      "--out",
      "copy.txt",
    ]);
    expect([code, stdout]).toEqual([0, ""]);
    expect(stderr).toMatch(/^wrote \S*copy\.txt\n$/);
    const unwritable = await cli([
      "report",
      "out/report.json",
      "--out",
      "copy.txt/below-a-file.md",
    ]);
    expect(unwritable).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("below-a-file.md: cannot be written"),
    });
    expect(readFileSync(inFolder("copy.txt"), "utf8")).toBe(
      (await cli([...config, "--out", "out"])).stdout,
    );
  });

  test.each([
    ["missing.json", /does not exist/],
    ["experiment.json", /is not a report of/],
    [file("null.json", "null"), /is not a report of/],
    [
      file("bare.json", JSON.stringify({ version: 1, cells: [{}], controls: { teacher: [{}] } })),
      /with all its controls/,
    ],
    [file("profile-again.json", JSON.stringify(profileWith())), /is not a report of/],
  ])("%s is no report", async (name, says) => {
    const { code, stderr } = await cli(["report", name]);
    expect(stderr).toMatch(says);
    expect(code).toBe(2);
  });
});
