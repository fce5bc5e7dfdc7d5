import { describe, expect, it } from "vitest";
import { type Check, type Report, checkReport, parseBudgets } from "../../src/index.js";
import { nonEmpty } from "../../src/report.js";
import { reportFixture } from "../render/fixture.js";

const budgets = (value: object): ReturnType<typeof parseBudgets> =>
  parseBudgets({ version: 1, ...value });
const failed = (checks: readonly Check[]): string[] =>
  checks.filter(({ holds }) => !holds).map(({ kind, what }) => `${kind}: ${what}`);

/** The fixture with every effect of a cell moved by so many standard errors. */
function moved(by: number, student = "count"): Report {
  const report = reportFixture();
  const cells = report.cells.map((cell) => {
    if (cell.student !== student || cell.rho === 0) return cell;
    const { standardError, interval, evidence } = cell.closed;
    const shift = by * standardError;
    const closed = {
      ...cell.closed,
      evidence: { ...evidence, effect: evidence.effect + shift },
      interval: { lower: interval.lower + shift, upper: interval.upper + shift },
    };
    return { ...cell, closed };
  });
  return { ...report, cells: nonEmpty("cells", cells) };
}

describe("budgets", () => {
  it.each([
    [{}, "expected power, falseAlarms or forecastError"],
    [{ power: [] }, "budgets.power"],
    [{ power: [{ least: 1 }] }, "budgets.power.0.least"],
    [{ power: [{ least: 0.9, where: { width: 1 } }] }, "budgets.power.0.where"],
    [{ falseAlarms: { most: -1 } }, "budgets.falseAlarms.most"],
    [{ forecastError: { most: 0.5 } }, "budgets.forecastError.most"],
    [{ falseAlarms: { most: 0 }, speed: 1 }, "speed"],
  ])("refuses %j", (value, says) => {
    expect(() => budgets(value)).toThrow(says);
  });
});

describe("a report against its budgets", () => {
  it("power: the cells asked for must have it, at the level asked for", () => {
    const strong = budgets({ power: [{ where: { student: "count", h: 1, rho: 1 }, least: 0.99 }] });
    expect(failed(checkReport(reportFixture(), strong))).toEqual([]);
    const weak = budgets({ power: [{ where: { student: "count", h: 4 }, least: 0.5 }] });
    const [check] = checkReport(reportFixture(), weak);
    expect(failed([check])).toEqual(["power: count h = 4, ρ = 0.05"]);
    expect(check.found).toMatch(/^power 0\.\d+ \[.*\] at α = 0\.001 with .* at least 0\.5$/);
    const easy = budgets({ power: [{ where: { h: 4, rho: 0.05 }, least: 0.5, alpha: 0.6 }] });
    expect(failed(checkReport(reportFixture(), easy))).toEqual([]);
  });

  it("a power budget that no cell answers to is a mistake, and says what there is", () => {
    const none = budgets({ power: [{ where: { h: 3 }, least: 0.5 }] });
    expect(() => checkReport(reportFixture(), none)).toThrow(
      /budgets\.power\.0\.where: .*count h = 1, ρ = 0\.05; .*got \{"h":3\}/,
    );
    const unmarked = budgets({ power: [{ where: { rho: 0 }, least: 0.5 }] });
    expect(() => checkReport(reportFixture(), unmarked)).toThrow("budgets.power.0.where");
  });

  it("false alarms: innocents that are detected are counted", () => {
    const none = budgets({ falseAlarms: { most: 0 } });
    const clean = reportFixture();
    expect(failed(checkReport(clean, none))).toEqual([]);
    const [untrained, ...others] = clean.controls.untrained;
    const closed = {
      ...untrained.closed,
      evidence: { ...untrained.closed.evidence, log10P: -9 },
    };
    const accused: Report = {
      ...clean,
      controls: { ...clean.controls, untrained: [{ ...untrained, closed }, ...others] },
    };
    expect(failed(checkReport(accused, none))).toEqual(["false-alarms: all"]);
    expect(failed(checkReport(accused, budgets({ falseAlarms: { most: 1 } })))).toEqual([]);
  });

  it("variance inflation: fails only where its interval lies outside", () => {
    const bounds = (varianceInflation: readonly [number, number]): string[] =>
      failed(
        checkReport(reportFixture(), budgets({ falseAlarms: { most: 0, varianceInflation } })),
      );
    expect(bounds([0.5, 2])).toEqual([]);
    expect(bounds([3, 4]).length).toBeGreaterThan(0);
  });

  it("forecast error: audits outside of it are counted, and named", () => {
    const strict = budgets({ forecastError: {} });
    const off = moved(8);
    const [check] = checkReport(off, strict);
    expect(check.holds).toBe(false);
    expect(check.found).toContain("count h = 1, ρ = 1, closed");
    expect(failed(checkReport(off, budgets({ forecastError: { most: 99 } })))).toEqual([]);
    expect(failed(checkReport(off, budgets({ forecastError: { standardErrors: 20 } })))).toEqual(
      [],
    );
  });

  it("baseline: regressed only if the intervals exclude each other and the new one is lower", () => {
    const any = budgets({ falseAlarms: { most: 9 } });
    const against = (report: Report): string[] => failed(checkReport(report, any, reportFixture()));
    expect(against(reportFixture())).toEqual([]);
    expect(against(moved(-3))).toEqual([]); // 2 · 1.96 standard errors are needed
    expect(against(moved(-4.5))).toHaveLength(6);
    expect(against(moved(+9))).toEqual([]);
  });

  it("baseline: a cell that is gone fails, a new one does not", () => {
    const any = budgets({ falseAlarms: { most: 9 } });
    const whole = reportFixture();
    const less = { ...whole, cells: nonEmpty("cells", whole.cells.slice(1)) };
    expect(failed(checkReport(less, any, whole))).toEqual(["baseline: count h = 1, ρ = 0"]);
    expect(failed(checkReport(whole, any, less))).toEqual([]);
  });
});
