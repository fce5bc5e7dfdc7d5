import { describe, expect, it } from "vitest";
import { type LawPoint, residualsSvg } from "../../src/index.js";

const drawing = { id: "residuals", label: "Residuals of the survival law" };
const cell = (measured: number, change: Partial<LawPoint> = {}): LawPoint => ({
  group: "count h = 1",
  forecast: 0.04,
  measured,
  standardError: 0.01,
  ...change,
});

/** Heights of the markers: the y of every circle's transform. */
function heights(svg: string): number[] {
  return [...svg.matchAll(/transform="matrix\(3\.5,0,0,3\.5,[\d.]+,([\d.]+)\)"/g)].map(([, y]) =>
    Number(y),
  );
}

describe("the plot of residuals", () => {
  it("draws each cell at its standardised residual, larger ones higher, at the edge beyond six", () => {
    const svg = residualsSvg([cell(0.04), cell(0.06), cell(0.02), cell(9)], drawing);
    const [none, above, below, far] = heights(svg);
    expect(none - above).toBeCloseTo(below - none, 3);
    expect(none - far).toBeCloseTo(3 * (none - above), 3);
  });

  it("is one SVG document with the groups in its legend, the same bytes each time", () => {
    const cells = [cell(0.05), cell(0.03, { group: "neural h = 1" })];
    const svg = residualsSvg(cells, drawing);
    expect(svg).toMatch(/^<svg role="img" aria-label="Residuals of the survival law" /);
    for (const name of ["count h = 1", "neural h = 1", "ε forecast"]) expect(svg).toContain(name);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(residualsSvg(cells, drawing)).toBe(svg);
  });

  it("refuses a cell without noise, whose residual is none", () => {
    expect(() => residualsSvg([cell(0.05, { standardError: 0 })], drawing)).toThrow(
      "standardError: expected a number above 0, got 0",
    );
  });
});
