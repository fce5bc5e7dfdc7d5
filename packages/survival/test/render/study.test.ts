/** The figures of a study's report, of one that really ran. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type StudyReport,
  checkReport,
  parseBudgets,
  renderHtml,
  renderMarkdown,
  renderText,
  runStudy,
} from "../../src/index.js";
import { scaleOf } from "../../src/render/scale.js";
import { figureSvg } from "../../src/render/study-charts.js";
import { type Figure, figuresOf, tableOf } from "../../src/render/study-figures.js";
import { figureText } from "../../src/render/text-chart.js";
import { nonEmpty } from "../../src/report.js";
import { drawnStudy, studyMaterial } from "../lab/support.js";

let report: StudyReport;
let figures: readonly Figure[];
let kept: Figure;
let tokens: Figure;
let closed: Figure;

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), "verdigris-figures-"));
  afterAll(() => rm(directory, { recursive: true, force: true }));
  report = await runStudy(drawnStudy(), studyMaterial(), { directory });
  figures = figuresOf(report);
  [closed, , kept, tokens] = figures;
});

describe("the figures of a study", () => {
  it("show forecast against measured ε of every cell that has a forecast", () => {
    expect(figures.map(({ id }) => id)).toEqual([
      "agreement-closed",
      "agreement-open",
      "kept",
      "tokens",
    ]);
    const { access, forecast } = report.cells[0];
    expect(closed.marks.map(({ name }) => name)).toEqual([
      "default",
      "rho = 0.3",
      "attack = clean-training ratio 0.5",
    ]);
    expect(closed.marks[0]).toMatchObject({
      value: access.oneStep.epsilon.value,
      interval: access.oneStep.epsilon.interval,
      expected: forecast.value,
    });
    // Not those without a mark, nor one whose attack has no closed form.
    expect(closed.caption).toContain("Not drawn: 2 of 5 cells");
  });

  it("and the gate asks no forecast of a cell whose attack has no closed form", () => {
    const budgets = parseBudgets({ version: 1, forecastError: {} });
    const [{ found }] = checkReport(report, budgets);
    // Closed and open, of four cells of five.
    expect(found).toMatch(/^0 of 8 means over keys /);
  });

  it("show what each attack leaves of ε, with a forecast where the law has one", () => {
    expect(kept.marks.map(({ series }) => series)).toEqual(["closed", "open", "closed", "open"]);
    const [, clean, , neutral] = kept.marks;
    const [whole, , attacked] = report.cells;
    expect(clean.value).toBeCloseTo(
      attacked.access.openSoft.epsilon.value / whole.access.openSoft.epsilon.value,
      12,
    );
    expect(clean.interval?.lower).toBeLessThan(clean.value);
    expect(clean.expected).toBeCloseTo(Number(attacked.runs[0].attack?.retained), 1);
    expect(neutral.expected).toBeNull();
  });

  it("show the tokens that the forecast asks for, and those that were audited", () => {
    expect(tokens.marks.map(({ name }) => name)).not.toContain("attack = null, rho = 0");
    expect(tokens.marks[0].value).toBe(report.cells[0].forecastTokens);
    expect(tokens.line?.value).toBeGreaterThan(100);
  });

  it("have a table each that says the same", () => {
    for (const figure of figures) {
      const { rows, columns } = tableOf(figure);
      expect(rows).toHaveLength(figure.marks.length);
      for (const [i, row] of rows.entries()) {
        expect(row).toHaveLength(columns.length);
        expect(row[0]).toBe(figure.marks[i].name);
        expect(row).toContain(figure.format(figure.marks[i].value));
      }
    }
  });

  it("of a single key have no bars, and of a study without attacks there is none of them", () => {
    const cells = report.cells.slice(0, 2).map((cell) => ({
      ...cell,
      runs: nonEmpty("runs", cell.runs.slice(0, 1)),
      access: {
        ...cell.access,
        oneStep: {
          ...cell.access.oneStep,
          epsilon: { ...cell.access.oneStep.epsilon, interval: null },
        },
      },
    }));
    const [agreement, ...others] = figuresOf({ ...report, cells: nonEmpty("cells", cells) });
    expect(others.map(({ id }) => id)).toEqual(["agreement-open", "tokens"]);
    expect(figureText(agreement)).not.toMatch(/├|┤|\[/);
    expect(figureSvg(agreement)).not.toMatch(/NaN|undefined/);
  });
});

describe("a figure's axis", () => {
  const of = (scale: Figure["scale"], ...values: readonly number[]): ReturnType<typeof scaleOf> =>
    scaleOf({
      ...closed,
      scale,
      marks: values.map((value) => ({ ...closed.marks[0], value, interval: null, expected: null })),
    });

  it("on a log scale ends at 1, 2 or 5 of a decade, and puts what is at or below it at its edge", () => {
    const scale = of("log", 0.0012, 0.09);
    expect(scale.ticks.map(({ label }) => label)).toEqual(["0.001", "0.01", "0.1"]);
    expect(scale.place(0.01)).toBeCloseTo(0.5, 12);
    expect([scale.place(-0.3), scale.place(0), scale.holds(0)]).toEqual([0, 0, false]);
    expect(of("log", 3, 4e7).ticks.at(-1)?.label).toBe("10⁷");
    // Only nothing, or one value: there is an axis still.
    for (const odd of [of("log", 0, -1), of("log", 0.5)])
      for (const { place } of odd.ticks) expect(place).toBeGreaterThanOrEqual(0);
  });

  it("on a linear scale starts at 0, or below where a value does", () => {
    expect(of("linear", 0.2, 1).place(0)).toBe(0);
    const scale = of("linear", -0.1, 1);
    expect(scale.place(-0.1)).toBeGreaterThan(0);
    expect(scale.ticks.map(({ label }) => label)).toContain("0");
    expect(scale.ticks.length).toBeLessThanOrEqual(8);
  });
});

describe("what is drawn", () => {
  it("is the same for the same study, and not for another", () => {
    const [first] = closed.marks;
    const moved: Figure = { ...closed, marks: [{ ...first, value: 1.5 * first.value }] };
    const still: Figure = { ...closed, marks: [first] };
    for (const draw of [figureSvg, figureText]) {
      expect(draw(structured(closed))).toBe(draw(closed));
      expect(draw(moved)).not.toBe(draw(still));
    }
  });

  it("in letters: the mark at its place, its numbers beside it", () => {
    const mark = {
      name: "a",
      series: "a",
      value: 0.01,
      expected: 0.01,
      interval: { lower: 0.004, upper: 0.025 },
    };
    const text = figureText({ ...closed, marks: [mark, { ...mark, name: "b", expected: 0.05 }] });
    const [same, apart, rule] = text.split("\n");
    expect(same).toMatch(/^a {2} *├─+◆─+┤ +0\.0100 \[0\.0040, 0\.0250\] ◇ 0\.0100$/);
    expect(same.indexOf("◆") - same.indexOf("├")).toBe(same.indexOf("┤") - same.indexOf("◆"));
    expect(apart).toMatch(/├─+●─+┤ +◇ /);
    expect(rule.indexOf("┬")).toBeGreaterThan(0);
  });

  it("is in the HTML with a table each, in the Markdown in letters, and not in the terminal", () => {
    const html = renderHtml(report);
    for (const { title, id } of figures) {
      expect(html).toContain(`role="img" aria-label="${title}"`);
      expect(html).toContain(`<caption id="${id}-caption">${title}</caption>`);
    }
    expect(html.match(/<summary>The same as a table<\/summary>/g)).toHaveLength(4);
    expect(html).not.toMatch(/https?:|url\((?!#)|<script|NaN|undefined/);
    const markdown = renderMarkdown(report);
    expect(markdown.match(/^```text$/gm)).toHaveLength(4);
    for (const figure of figures) expect(markdown).toContain(figureText(figure));
    expect(renderText(report)).not.toContain("├");
  });

  it("a name that is markup stays a name", () => {
    const [first, ...rest] = report.cells;
    const named = { ...first, changes: { filler: "</text><script>`|" } };
    const evil: StudyReport = { ...report, cells: [named, ...rest] };
    expect(renderHtml(evil)).not.toContain("<script");
  });
});

function structured(figure: Figure): Figure {
  return { ...figure, marks: structuredClone(figure.marks) };
}
