/** The gate over studies that really ran: the same one, one that differs by chance alone, and one whose mark is half as strong. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Check,
  type StudyReport,
  checkReport,
  parseBudgets,
  runStudy,
} from "../../src/index.js";
import { studySubject } from "../../src/gate/study.js";
import { nonEmpty } from "../../src/report.js";
import { reportFixture } from "../render/fixture.js";
import { smallStudy, studyMaterial } from "../lab/support.js";

const budgets = (value: object): ReturnType<typeof parseBudgets> =>
  parseBudgets({ version: 1, ...value });
const failed = (checks: readonly Check[]): string[] =>
  checks.filter(({ holds }) => !holds).map(({ kind, what }) => `${kind}: ${what}`);
const any = budgets({ falseAlarms: { most: 0 } });

const CONTROL = "attack = null, rho = 0";
let stored: StudyReport;
let byChance: StudyReport;
let weakened: StudyReport;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "verdigris-gate-"));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const run = (seed: number, delta: number): Promise<StudyReport> =>
    runStudy(
      smallStudy({
        seed,
        keys: 5,
        seeds: 1,
        vary: {},
        audit: { heldOut: 2000, oneStep: 600, open: 300, freeRun: 0, decoys: 19 },
        default: { tokens: 4000, mark: { h: 1, parameters: { gamma: 0.25, delta } } },
      }),
      studyMaterial(),
      { directory: join(folder, `${seed} ${delta}`) },
    );
  stored = await run(1, 2);
  byChance = await run(2, 2);
  // As a fault of the sampler would leave it: the same cells by name, half the bias.
  weakened = withIdsOf(stored, await run(1, 1));
});

function withIdsOf(named: StudyReport, report: StudyReport): StudyReport {
  const cells = report.cells.map((cell, i) => ({ ...cell, id: named.cells[i].id }));
  return { ...report, cells: nonEmpty("cells", cells) };
}

describe("a study against an earlier one", () => {
  it("stays as it was: the same study, and one that differs by chance alone", () => {
    for (const report of [stored, byChance]) {
      const checks = checkReport(report, any, stored);
      expect(failed(checks)).toEqual([]);
      expect(checks.filter(({ kind }) => kind === "baseline")).toHaveLength(4);
    }
    // The canary's other half: by chance the figures do move.
    expect(byChance.cells[0].access.oneStep.epsilon.value).not.toBe(
      stored.cells[0].access.oneStep.epsilon.value,
    );
  });

  it("canary: fails where the mark is half as strong, with measured value and interval, and names no other cell", () => {
    const checks = checkReport(weakened, any, stored);
    expect(failed(checks)).toEqual(["baseline: default, closed", "baseline: default, open"]);
    const closed = checks.find(({ holds }) => !holds);
    expect(closed?.found).toMatch(/^ε 0\.0\d+ \[.*\], was 0\.1\d+ \[.*\]: regressed$/);
    expect(closed?.value).toBe(weakened.cells[0].access.oneStep.epsilon.value);
    expect(closed?.interval).toEqual(weakened.cells[0].access.oneStep.epsilon.interval);
    // What is better than before is no failure.
    expect(failed(checkReport(stored, any, weakened))).toEqual([]);
  });

  it("a cell that is gone fails; an experiment is no earlier study", () => {
    const [first] = stored.cells;
    const less = { ...stored, cells: nonEmpty("cells", [first]) };
    expect(failed(checkReport(less, any, stored))).toEqual([`baseline: ${CONTROL}`]);
    expect(() => checkReport(stored, any, reportFixture())).toThrow(
      "baseline: expected the report of a study, got that of an experiment",
    );
  });
});

describe("a study against its budgets", () => {
  it("power: of the cells that are named by shorthand or by a path of the setting", () => {
    const power = (where: object, least: number, alpha = 1e-3): readonly Check[] =>
      checkReport(stored, budgets({ power: [{ where, least, alpha }] }));
    for (const where of [
      {},
      { rho: 1, h: 1, student: "count" },
      { setting: { "mark.parameters.delta": 2, attack: null } },
    ])
      expect(failed(power(where, 0.9))).toEqual([]);
    const [check] = power({}, 0.99, 1e-9);
    expect(check).toMatchObject({ holds: false, what: "default", kind: "power" });
    expect(check.found).toMatch(
      /^power 0\.\d+ \[.*\] at α = 1e-9 with 3\d\d tokens; at least 0\.99$/,
    );
    expect(check.interval?.lower).toBeLessThan(Number(check.value));
    expect(check.interval?.upper).toBeGreaterThan(Number(check.value));
    expect(failed(checkReport(weakened, budgets({ power: [{ least: 0.9 }] })))).toEqual([
      "power: default",
    ]);
    expect(() => power({ setting: { "mark.depth": 2 } }, 0.5)).toThrow(
      /budgets\.power\.0\.where: expected a marked cell of the report \(default\), got .*mark\.depth/,
    );
    expect(() => power({ rho: 0 }, 0.5)).toThrow("budgets.power.0.where");
  });

  it("power: allows for what keys and students differ by", () => {
    const cell = studySubject(stored).cells[0].closed;
    expect(cell.spread).toBeGreaterThanOrEqual(cell.standardError);
    const apart = changed(stored, (run) => (run.key % 2 === 0 ? 0.1 : -0.1));
    const wide = studySubject(apart).cells[0].closed;
    expect(wide.standardError).toBe(cell.standardError);
    expect(wide.spread).toBeGreaterThan(4 * wide.standardError);
  });

  it("false alarms: counted under every access, with the exact chance of so many", () => {
    const clean = budgets({
      falseAlarms: { most: 0, chance: 1e-3, varianceInflation: [0.7, 1.3] },
    });
    expect(failed(checkReport(stored, clean))).toEqual([]);
    const [check] = checkReport(
      accused(1),
      budgets({ falseAlarms: { chance: 1e-3, alpha: 1e-5 } }),
    );
    // 1 − (1 − 5e-5)^5: five tests of each of five keys.
    expect(check).toMatchObject({ holds: false, value: 1 });
    expect(check.found).toBe(
      "1 of 25 innocent controls detected at α = 0.00001, under 1 of 5 keys (chance of so many or more: at most 0.00025); a chance of at least 0.001",
    );
    const expected = (falseAlarms: object): boolean =>
      checkReport(accused(2), budgets({ falseAlarms })).every(({ holds }) => holds);
    expect(expected({ most: 1 })).toBe(false);
    expect(expected({ most: 2 })).toBe(true);
    // At a level of .05 two keys of five with one alarm in five tests each are no surprise.
    expect(expected({ chance: 0.05, alpha: 0.05 })).toBe(true);
    const inflated = budgets({ falseAlarms: { most: 9, varianceInflation: [3, 4] } });
    expect(failed(checkReport(stored, inflated))).toHaveLength(2);
  });

  it("forecast error: of the means over keys, by Student's t", () => {
    const strict = budgets({ forecastError: {} });
    expect(failed(checkReport(stored, strict))).toEqual([]);
    expect(failed(checkReport(byChance, strict))).toEqual([]);
    const off = changed(stored, () => 0.2);
    const [check] = checkReport(off, strict);
    expect(check).toMatchObject({ holds: false, value: 4, kind: "forecast-error" });
    expect(check.found).toMatch(
      /^4 of 4 means over keys outside 3 standard errors \+ 10 % of the forecast; at most 0 \(default, closed: 0\.1\d* forecast, 0\.3\d* ± /,
    );
    expect(failed(checkReport(off, budgets({ forecastError: { most: 4 } })))).toEqual([]);
    expect(
      failed(checkReport(off, budgets({ forecastError: { where: { rho: 0 } } }))),
    ).toHaveLength(1);
    // As far as no level of a test reaches, it still ends.
    expect(failed(checkReport(off, budgets({ forecastError: { standardErrors: 1e6 } })))).toEqual(
      [],
    );
    expect(() => checkReport(off, budgets({ forecastError: { where: { h: 7 } } }))).toThrow(
      "budgets.forecastError.where: expected a cell of the report",
    );
  });

  it("a single key is judged by the sampling of its audits", () => {
    const cells = stored.cells.map((cell) => ({ ...cell, runs: nonEmpty("runs", [cell.runs[0]]) }));
    const { closed } = studySubject({ ...stored, cells: nonEmpty("cells", cells) }).cells[0];
    const { evidence, standardError } = stored.cells[0].runs[0].audits.oneStep;
    expect(closed?.value).toBe(evidence.effect);
    expect(closed.interval.upper - closed.value).toBeCloseTo(1.96 * standardError, 4);
    expect(closed).toMatchObject({ spread: standardError, error: { degrees: null } });
  });
});

type Run = StudyReport["cells"][0]["runs"][0];

/** The report with the closed and open excess of every run moved. */
function changed(report: StudyReport, by: (run: Run) => number): StudyReport {
  const cells = report.cells.map((cell) => {
    const runs = cell.runs.map((run) => {
      const moved = <A extends { readonly evidence: { readonly effect: number } }>(
        audit: A,
      ): A => ({
        ...audit,
        evidence: { ...audit.evidence, effect: audit.evidence.effect + by(run) },
      });
      const { oneStep, openSoft } = run.audits;
      return {
        ...run,
        audits: { ...run.audits, oneStep: moved(oneStep), openSoft: moved(openSoft) },
      };
    });
    return { ...cell, runs: nonEmpty("runs", runs) };
  });
  return { ...report, cells: nonEmpty("cells", cells) };
}

/** The report with the untrained students of so many keys detected. */
function accused(keys: number): StudyReport {
  const untrained = stored.controls.untrained.map((control, i) =>
    i < keys
      ? {
          ...control,
          closed: { ...control.closed, evidence: { ...control.closed.evidence, log10P: -30 } },
        }
      : control,
  );
  return {
    ...stored,
    controls: { ...stored.controls, untrained: nonEmpty("untrained", untrained) },
  };
}
