/** A study whose teacher is served by `verdigris serve`, over HTTP: once with the mark, once without. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { StudyReport } from "@verdigris/survival";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cli, file, inFolder, keyPath, profilePath, serveWords } from "./support.js";

const servers: Awaited<ReturnType<typeof serveWords>>[] = [];

let config: Record<string, unknown>;

beforeAll(async () => {
  const fixture = (path: string): string =>
    fileURLToPath(new URL(`../../../fixtures/corpora/${path}`, import.meta.url));
  servers.push(await serveWords("teacher"), await serveWords("teacher", "--unmarked"));
  const [marked, unmarked] = servers.map(({ url }) => url);
  config = {
    kind: "study",
    name: "served",
    keys: 1,
    seeds: 1,
    material: {
      manifest: fixture("smollm2/manifest.json"),
      human: [fixture("human/sotu.txt.br")],
      humanTokensPerFile: 2000,
      served: {
        unmarked: { url: unmarked, model: "words" },
        marked: [{ url: marked, model: "words", profile: profilePath }],
        keyFile: keyPath,
      },
    },
    audit: { heldOut: 1000, oneStep: 500, open: 100, freeRun: 0, decoys: 19 },
    default: {
      tokens: 2000,
      mark: { h: 2, parameters: { gamma: 0.25, delta: 4 } },
      teacher: { kind: "endpoint", textLength: 100 },
    },
  };
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

test("is taught under the server's key, with the control that its unmarked twin gives", async () => {
  const path = file("served.json", JSON.stringify(config));
  const { code } = await cli(["survive", "--config", path, "--out", inFolder("served")]);
  expect(code).toBe(0);
  const report = JSON.parse(readFileSync(inFolder("served/report.json"), "utf8")) as StudyReport;
  const [full, control] = report.cells;
  const [{ teacher }] = full.runs;
  expect(teacher.profile).toBe("test-h2");
  expect(teacher.evidence.log10P).toBeLessThan(-20);
  expect(full.forecast.value).toBeGreaterThan(0);
  expect(control.setting.rho).toBe(0);
  expect(control.access.oneStep.detected).toBe(0);
});

test("has no other mark, and one key", async () => {
  const other = {
    ...config,
    default: { tokens: 2000, mark: { h: 1 }, teacher: { kind: "endpoint" } },
  };
  const path = file("other.json", JSON.stringify(other));
  const { code, stderr } = await cli(["survive", "--config", path, "--out", inFolder("other")]);
  expect([code, stderr]).toEqual([2, expect.stringContaining('with this teacher, got {"h":1')]);
  const twice = file("twice.json", JSON.stringify({ ...config, keys: 2 }));
  const outcome = await cli(["survive", "--config", twice, "--out", inFolder("twice")]);
  expect(outcome.stderr).toContain("keys: expected 1 with a served teacher, got 2");
});
