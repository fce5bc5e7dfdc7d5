import { type Point, axis, plainLine } from "../page/lines.js";
import { CURVE_INKS, INK } from "../page/palette.js";
import { type Drawing, type Series, drawSvg, svgDocument } from "../page/svg.js";
import { root, rootAxis } from "./plot.js";

/** A cell as the law sees it: forecast and measured excess. */
export interface LawPoint {
  /** Cells of one group share an ink: a student, a width. */
  readonly group: string;
  readonly forecast: number;
  readonly measured: number;
  /** Of the measured excess; above 0. */
  readonly standardError: number;
}

/** Residuals beyond this are drawn at the edge. */
const EDGE = 6;

/**
 * Residuals of the survival law, (measured − forecast) / standard error, against the forecast on a square-root scale, with
 * lines at 0 and ±3. A whole SVG document, light or dark as the reader prefers. No trend, and nothing beyond 3: the law holds.
 */
export function residualsSvg(
  cells: readonly LawPoint[],
  drawing: Pick<Drawing, "id" | "label">,
): string {
  const groups = [...new Set(cells.map(({ group }) => group))];
  const max = 1.05 * root(Math.max(0.001, ...cells.map(({ forecast }) => forecast)));
  const series = groups.map((group, i): Series => {
    const color = CURVE_INKS[i % CURVE_INKS.length].light;
    const own = cells.filter((cell) => cell.group === group);
    return {
      type: "line",
      name: group,
      symbol: "circle",
      symbolSize: 7,
      itemStyle: { color },
      lineStyle: { width: 0 },
      data: own.map((cell) => [root(Math.max(0, cell.forecast)), residualOf(cell)]),
    };
  });
  const svg = drawSvg(
    {
      backgroundColor: INK.paper.light,
      textStyle: { fontFamily: "system-ui, sans-serif" },
      grid: { left: 70, right: 24, top: 44, bottom: 56 },
      legend: { data: groups, top: 8, itemGap: 28, textStyle: { color: INK.text.light } },
      xAxis: rootAxis("ε forecast", { min: 0, max }),
      yAxis: { ...axis("(measured − forecast) / standard error"), min: -EDGE, max: EDGE },
      series: [level(0, max), level(3, max), level(-3, max), ...series],
    },
    { ...drawing, size: { width: 720, height: 360 } },
  );
  return svgDocument(svg);
}

/** A line across at a residual. */
function level(y: number, width: number): Series {
  const type = y === 0 ? "solid" : "dotted";
  const ends: Point[] = [
    [0, y],
    [width, y],
  ];
  return plainLine(ends, { color: INK.muted.light, type });
}

function residualOf({ forecast, measured, standardError }: LawPoint): number {
  if (!(standardError > 0)) {
    throw new RangeError(`standardError: expected a number above 0, got ${standardError}`);
  }
  return Math.max(-EDGE, Math.min(EDGE, (measured - forecast) / standardError));
}
