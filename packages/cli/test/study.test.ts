import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, test } from "vitest";
import { timer } from "../src/progress.js";
import { MATERIAL, writeCorpus } from "./corpus.js";
import { cli, file, inFolder } from "./support.js";

beforeAll(writeCorpus);

/** A study on the same corpus. */
function study(change: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    kind: "study",
    name: "tiny-study",
    keys: 2,
    seeds: 1,
    material: MATERIAL,
    audit: { heldOut: 1000, oneStep: 200, open: 100, freeRun: 100, decoys: 19 },
    default: { tokens: 1500, mark: { h: 1 } },
    vary: { rho: [0.5] },
    ...change,
  };
}

describe("verdigris survive with a study", () => {
  const ran = (...args: readonly string[]): ReturnType<typeof cli> =>
    cli(["survive", "--config", file("study.json", JSON.stringify(study())), ...args]);
  const report = (out: string): string => readFileSync(inFolder(`${out}/report.json`), "utf8");

  test("runs in one piece, in threads and in shards to the same report", async () => {
    const one = await ran("--out", "one");
    expect(one.code).toBe(0);
    expect(one.stdout).toMatch(/^Study: tiny-study\n/);
    expect(one.stdout).toContain("rho = 0.5");
    expect(one.stderr).toMatch(/^1\/\d+ .* text, key 0/);
    const two = await ran("--out", "two", "--workers", "2");
    expect(two.stderr).toContain("wrote report.json, report.md and report.html");
    expect(two.stdout).toBe(one.stdout);
    expect(report("two")).toBe(report("one"));

    for (const shard of ["1/2", "2/2"]) {
      const { code, stderr } = await ran("--out", `part${shard[0]}`, "--shard", shard);
      expect(code).toBe(0);
      expect(stderr).toContain(`wrote shard.json, part ${shard[0]} of 2`);
    }
    const merged = await cli(["survive", "merge", "part1", "part2", "--out", "merged"]);
    expect(merged.stdout).toBe(one.stdout);
    expect(report("merged")).toBe(report("one"));
    expect((await cli(["report", "merged/report.json", "--format", "text"])).stdout).toBe(
      one.stdout,
    );
    const alone = await cli(["survive", "merge", "part1", "--out", "none"]);
    expect(alone).toMatchObject({
      code: 2,
      stderr: "error: shards: expected each of 1 to 2 once, got 1; missing: 2\n",
    });
    expect(existsSync(inFolder("none"))).toBe(false);
  });

  test("is held against budgets and a baseline, in one piece or merged, for people, programs and GitHub", async () => {
    const GITHUB_STEP_SUMMARY = file("study-check.md", "");
    const budgets = (least: number): string =>
      file(
        `budgets ${least}.json`,
        JSON.stringify({ version: 1, power: [{ least, alpha: 0.5 }], falseAlarms: { most: 0 } }),
      );
    const gate = (least: number): string[] => [
      "--check",
      budgets(least),
      "--baseline",
      "one/report.json",
    ];
    const within = await ran("--out", "one", ...gate(0.01));
    expect(within.stdout).toMatch(/^Study: tiny-study[^]*\nWithin budgets: 9 checks hold\.\n/);
    expect(within.code).toBe(0);
    const merged = ["survive", "merge", "part1", "part2", "--out", "merged", ...gate(0.9999)];
    const env = { GITHUB_STEP_SUMMARY };
    const outside = await cli([...merged, "--format", "json"], { env });
    expect(outside.code).toBe(1);
    const { holds, checks } = JSON.parse(outside.stdout) as { holds: boolean; checks: object[] };
    expect(holds).toBe(false);
    expect(checks[0]).toMatchObject({ kind: "power", what: "default", holds: false });
    // The summary says first what failed.
    expect(readFileSync(GITHUB_STEP_SUMMARY, "utf8")).toMatch(
      /^\*\*Outside of budgets: \d of 9 checks failed\.\*\*\n\n[^\n]*\n[^\n]*\n\| FAIL \| power \| \w+[^|]*\| power 0\.\d+ \\\[/,
    );
    const sharded = await ran("--out", "failed", "--shard", "1/2", ...gate(0.5));
    expect(sharded).toMatchObject({ code: 2, stderr: expect.stringContaining("`survive merge`") });
  });

  test("warns of an altered entry of the cache, and computes it again", async () => {
    const before = await ran("--out", "three", "--cache", "shared");
    const damaged = readdirSync(inFolder("shared")).map((name) => inFolder(`shared/${name}`));
    for (const path of damaged) {
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1] ^= 1;
      writeFileSync(path, bytes);
    }
    const after = await ran("--out", "three", "--cache", "shared");
    expect(after.stdout).toBe(before.stdout);
    for (const path of damaged)
      expect(after.stderr).toContain(`${basename(path)} is not what was written there`);
  });

  const disk = inFolder("disk");
  mkdirSync(disk);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]).status === 0;

  test.runIf(mounted)(
    "a full disk is told in one line; with room the study goes on from there",
    async () => {
      try {
        const full = await ran("--out", "four", "--cache", "disk");
        expect(full.code).toBe(2);
        const said = full.stderr.split("\n").filter((line) => line.startsWith("error: "));
        expect(said).toEqual([
          expect.stringMatching(
            /^error: \S*disk\S+: cannot be written: ENOSPC: no space left on device/,
          ),
        ]);
        expect(full.stderr).not.toContain("    at ");
        const kept = readdirSync(disk);
        expect(kept.length).toBeGreaterThan(0);
        expect(kept.filter((name) => name.endsWith(".partial"))).toEqual([]);
        expect(spawnSync("mount", ["-o", "remount,size=8m", disk]).status).toBe(0);
        const stamps = kept.map((name) => statSync(join(disk, name)).mtimeMs);
        const on = await ran("--out", "four", "--cache", "disk");
        expect(on.stdout).toBe((await ran("--out", "one")).stdout);
        expect(kept.map((name) => statSync(join(disk, name)).mtimeMs)).toEqual(stamps);
      } finally {
        spawnSync("umount", [disk]);
      }
    },
  );

  test("publishes the schema of studies, which accepts this one", async () => {
    const { stdout } = await cli(["schema", "study"]);
    const validate = new Ajv2020({ allowUnionTypes: true }).compile(JSON.parse(stdout) as object);
    expect(validate(study())).toBe(true);
    expect(validate(study({ vary: [] }))).toBe(false);
  });

  test.each([
    [
      "a level out of range",
      study({ vary: { rho: [2] } }),
      [],
      /study\.default \(rho = 2\)\.rho: .*got 2/,
    ],
    [
      "an unknown axis",
      study({ vary: { depth: [2] } }),
      [],
      /study\.default \(depth = 2\): expected no fields but mark, teacher, .*, got "depth"/,
    ],
    ["no such shard", study(), ["--shard", "3/2"], /--shard <i\/n>' .*such as 1\/4, got "3\/2"/],
    ["no shard at all", study(), ["--shard", "half"], /such as 1\/4, got "half"/],
    ["no queue", study(), ["--queue"], /VERDIGRIS_QUEUE: expected postgres/],
    ["no queue to work for", study(), ["work"], /VERDIGRIS_QUEUE: expected postgres/],
    [
      "an experiment in shards",
      { ...study(), kind: undefined },
      ["--shard", "1/2"],
      /expected a study/,
    ],
  ])("%s", async (_what, value, args, says) => {
    const name = file("bad-study.json", JSON.stringify(value));
    const { code, stderr } = await cli(["survive", "--config", name, "--out", "failed", ...args]);
    expect(stderr).toMatch(says);
    expect(code).toBe(2);
    expect(existsSync(inFolder("failed"))).toBe(false);
  });
});

describe("time left", () => {
  test("comes from the pace since the first step, once that says something", () => {
    let now = 0;
    const left = timer(() => now);
    const at = (seconds: number, done: number): string => {
      now = seconds * 1000;
      return left({ done, total: 100, label: "" });
    };
    expect(at(0, 40)).toBe("");
    expect(at(5, 45)).toBe("");
    // 20 steps in 20 s, and 40 to go; the first 40 were there already.
    expect(at(20, 60)).toBe(", 40 s left");
    expect(at(200, 61)).toBe(", 7 min left");
    expect(at(300, 100)).toBe("");
  });
});
