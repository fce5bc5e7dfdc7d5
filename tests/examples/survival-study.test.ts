/** The workflow of the guide that has a study as its gate: its commands as they stand there, on a small corpus. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { MATERIAL, writeCorpus } from "../../packages/cli/test/corpus.js";
import { type Outcome, cli, inFolder } from "../../packages/cli/test/support.js";

const GUIDE = fileURLToPath(new URL("../../packages/docs/guide/survival-gate", import.meta.url));
const guide = (name: string): string => readFileSync(join(GUIDE, name), "utf8");

interface Job {
  readonly strategy?: { readonly matrix: { readonly shard: readonly number[] } };
  readonly steps: readonly {
    readonly uses?: string;
    readonly run?: string;
    readonly with?: Readonly<Record<string, string>>;
  }[];
}

const { jobs } = parse(guide("study-workflow.yml")) as {
  readonly jobs: { readonly students: Job; readonly survival: Job };
};
const parts = jobs.students.strategy?.matrix.shard ?? [];

/** The command of a job, its words as the shell would make them. */
function commandOf({ steps }: Job, shard = ""): readonly string[] {
  const line = steps.find(({ run }) => run?.startsWith("npx verdigris ") === true)?.run ?? "";
  const words = line.replaceAll("${{ matrix.shard }}", shard).trim().split(/\s+/);
  return words.slice(2);
}

/** Artifacts are unpacked in folders of their names. */
async function merged(...more: readonly string[]): Promise<Outcome> {
  const words = [...commandOf(jobs.survival), ...more];
  const found: string[] = [];
  for await (const path of glob("parts/*", { cwd: inFolder("") })) found.push(path);
  return cli(words.flatMap((word) => (word === "parts/*" ? found.toSorted() : word)));
}

beforeAll(async () => {
  await writeCorpus();
  const study = JSON.parse(guide("study.json")) as Record<string, object>;
  const small = {
    ...study,
    keys: 1,
    // Beside the configuration in the guide, beside its folder here.
    material: {
      ...MATERIAL,
      manifest: `../${MATERIAL.manifest}`,
      human: MATERIAL.human.map((path) => `../${path}`),
    },
    audit: { heldOut: 1000, oneStep: 200, open: 100, freeRun: 0, decoys: 19 },
    default: { ...study["default"], tokens: 1500 },
  };
  mkdirSync(inFolder("survival"));
  writeFileSync(inFolder("survival/study.json"), JSON.stringify(small));
  const loose = JSON.parse(guide("study-budgets.json")) as { readonly power: readonly object[] };
  // A corpus this small shows little: every cell that the guide names, at a level it can reach.
  const power = loose.power.map((budget) => ({ ...budget, least: 0.01, alpha: 0.5 }));
  writeFileSync(
    inFolder("survival/study-budgets.json"),
    JSON.stringify({ ...loose, power, falseAlarms: { most: 0 } }),
  );
  for (const part of parts) {
    const { code, stderr } = await cli(commandOf(jobs.students, String(part)));
    if (code !== 0) throw new Error(stderr);
    mkdirSync(inFolder(`parts/part-${part}`), { recursive: true });
    const bytes = readFileSync(inFolder("part/shard.json"));
    writeFileSync(inFolder(`parts/part-${part}/shard.json`), bytes);
  }
});

describe("the workflow whose gate is a study", () => {
  it("names as many parts as its matrix has, and every action with a version", () => {
    expect(parts).toEqual([1, 2]);
    expect(commandOf(jobs.students, "1").join(" ")).toContain(`--shard 1/${parts.length} `);
    for (const { uses } of [...jobs.students.steps, ...jobs.survival.steps])
      if (uses !== undefined) expect(uses).toMatch(/^[\w./-]+@v\d+$/);
    const upload = jobs.students.steps.at(-1)?.with;
    expect(upload).toEqual({ name: "part-${{ matrix.shard }}", path: "part/shard.json" });
  });

  it("merges what the machines found, and passes against its own report", async () => {
    const first = await cli(["survive", "merge", "parts/part-1", "parts/part-2", "--out", "first"]);
    expect(first.code).toBe(0);
    writeFileSync(
      inFolder("survival/study-baseline.json"),
      readFileSync(inFolder("first/report.json")),
    );
    const { code, stdout } = await merged();
    expect(stdout).toContain("Within budgets: ");
    expect(stdout).toContain("attack = clean-training ratio 0.5");
    expect(code).toBe(0);
  });

  it("canary: fails where the mark is asked for more than it can give", async () => {
    const strict = { version: 1, power: [{ least: 0.99, alpha: 1e-9 }] };
    writeFileSync(inFolder("survival/strict.json"), JSON.stringify(strict));
    const { code, stdout } = await merged("--check", "survival/strict.json");
    expect(stdout).toContain("Outside of budgets: ");
    expect(code).toBe(1);
  });
});
