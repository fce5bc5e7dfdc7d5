/** The GitHub workflow of the guide: its commands are run as they stand there, on recorded answers of a real model. */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const GUIDE = join(ROOT, "packages/docs/guide/survival-gate");
const CORPORA = join(ROOT, "fixtures/corpora");

interface Step {
  readonly uses?: string | undefined;
  readonly run?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

const workflow = parse(readFileSync(join(GUIDE, "workflow.yml"), "utf8")) as {
  readonly jobs: { readonly survival: { readonly steps: readonly Step[] } };
};
const { steps } = workflow.jobs.survival;
const [survive, forecast] = steps.filter(({ run }) => run?.includes("npx verdigris") === true);

const folder = mkdtempSync(join(tmpdir(), "verdigris-gate-"));
const inFolder = (name: string): string => join(folder, name);

/** Runs a step as Actions does, with the workspace's build for what `npm ci` would have installed. */
function run(step: Step): { readonly status: number | null; readonly output: string } {
  const summary = inFolder("summary.md");
  const { status, stdout, stderr } = spawnSync("sh", ["-e", "-c", String(step.run)], {
    cwd: folder,
    encoding: "utf8",
    env: {
      ...process.env,
      PATH: `${join(ROOT, "node_modules/.bin")}:${process.env["PATH"]}`,
      GITHUB_STEP_SUMMARY: summary,
      ...(step.env === undefined
        ? {}
        : { VERDIGRIS_KEY: readFileSync(join(CORPORA, "test-key.txt"), "utf8").trim() }),
    },
  });
  return { status, output: `${stdout}${stderr}` };
}

beforeAll(() => {
  symlinkSync(join(ROOT, "node_modules"), inFolder("node_modules"));
  cpSync(GUIDE, inFolder("survival"), { recursive: true });
  symlinkSync(CORPORA, inFolder("survival/corpora"));
  symlinkSync(join(ROOT, "fixtures/models"), inFolder("survival/models"));
  copyFileSync(join(CORPORA, "smollm2/h2.jsonl.br"), inFolder("survival/served.jsonl.br"));
  const manifest = JSON.parse(readFileSync(join(CORPORA, "smollm2/manifest.json"), "utf8")) as {
    readonly arms: readonly { readonly name: string; readonly profile: unknown }[];
  };
  const arm = manifest.arms.find(({ name }) => name === "h2");
  writeFileSync(inFolder("survival/profile.json"), JSON.stringify(arm?.profile));
  const first = run({ run: survive.run?.replace(/ --check.*/, "") });
  if (first.status !== 0) throw new Error(first.output);
  copyFileSync(inFolder("survival-report/report.json"), inFolder("survival/baseline.json"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the workflow of the survival gate", () => {
  it("names every action with a version, and holds both commands", () => {
    for (const { uses } of steps) if (uses !== undefined) expect(uses).toMatch(/^[\w./-]+@v\d+$/);
    expect(survive.run).toContain("survive --config survival/experiment.json");
    expect(forecast.env).toEqual({ VERDIGRIS_KEY: "${{ secrets.VERDIGRIS_KEY }}" });
  });

  it("passes on what it was made for, and writes its summary", () => {
    expect(run(survive)).toMatchObject({ status: 0, output: expect.stringContaining("Within") });
    expect(run(forecast)).toMatchObject({ status: 0, output: expect.stringContaining("Holds:") });
    const summary = readFileSync(inFolder("summary.md"), "utf8");
    expect(summary).toContain("**Within budgets: ");
    expect(summary).toContain("Survivability of smollm2-green-h2");
  });

  it("canary: fails where the mark is asked for more than it can give", () => {
    const budgets = { version: 1, power: [{ where: { rho: 0.3 }, least: 0.9, alpha: 1e-9 }] };
    writeFileSync(inFolder("survival/budgets.json"), JSON.stringify(budgets));
    expect(run(survive)).toMatchObject({ status: 1, output: expect.stringContaining("FAIL") });
    const strict = { ...forecast, run: forecast.run?.replace("rho=.2", "rho=.001") };
    expect(run(strict)).toMatchObject({ status: 1, output: expect.stringContaining("FAILS:") });
  });
});
