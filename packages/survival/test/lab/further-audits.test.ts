import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type StudyReport, renderMarkdown, runStudy } from "../../src/index.js";
import { smallStudy, studyMaterial } from "./support.js";

let folder: string;
let report: StudyReport;

const audit = { heldOut: 3000, oneStep: 1500, open: 300, freeRun: 0, decoys: 19 };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "verdigris-audits-"));
  const asked = { ...audit, strata: {}, weights: {}, otherPieces: {} };
  const study = smallStudy({ audit: asked, keys: 2, seeds: 1, vary: {} });
  report = await runStudy(study, studyMaterial(), { directory: folder });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("further audits of a study", () => {
  it("find what the plain audit finds, each with its wrong keys", () => {
    const [full] = report.cells;
    const names = (full.findings ?? []).map(({ test, access }) => `${test}, ${access}`);
    expect(names).toEqual([
      "strata, closed",
      "strata, open",
      "mark taken out, closed",
      "leverage weights, closed",
      "leverage weights, open",
      "served weights, closed",
      "served weights, open",
    ]);
    for (const { test, access, log10P, wrongKeys } of full.findings ?? []) {
      if (test === "mark taken out") expect(log10P.median).toBeGreaterThan(-1);
      else expect(log10P.worst, `${test}, ${access}`).toBeLessThan(-2);
      expect(wrongKeys.keys).toBe(access === "closed" ? 38 : 6);
      // P(Binomial(38, .05) > 9) < 2e-5.
      expect(wrongKeys.rejected, `${test}, ${access}`).toBeLessThan(10);
    }
  });

  it("look at windows by how often they were served, exactly", () => {
    const [full] = report.cells;
    const [{ parts = [], n }] = full.findings ?? [];
    expect(parts.map(({ name }) => name)).toEqual([
      "served 0–1",
      "served 2–9",
      "served 10–49",
      "served ≥ 50",
    ]);
    expect(parts.reduce((sum, part) => sum + part.n, 0)).toBe(n);
    // The law: excess grows with what was served.
    expect(parts[2].effect).toBeGreaterThan(parts[0].effect);
  });

  it("find nothing where there is no mark, nor before training", () => {
    const [, control] = report.cells;
    expect(control.setting.rho).toBe(0);
    expect((control.findings ?? []).map(({ detected }) => detected)).toEqual(Array(7).fill(0));
    const before = control.runs.flatMap(({ innocents }) => innocents?.findings ?? []);
    expect(before.length).toBe(14);
    expect(before.every(({ log10P }) => log10P > -5)).toBe(true);
  });

  it("are in the report with their controls, and only in one that asked", async () => {
    const text = renderMarkdown(report);
    expect(text).toContain("## Further audits");
    expect(text).toContain("leverage weights, closed: student before training");
    expect(text).toContain("strata, open: wrong keys");
    const plain = await runStudy(
      smallStudy({ audit, keys: 2, seeds: 1, vary: {} }),
      studyMaterial(),
      { directory: folder },
    );
    expect(JSON.stringify(plain)).not.toContain("findings");
    expect(renderMarkdown(plain)).not.toContain("Further audits");
  });
});
