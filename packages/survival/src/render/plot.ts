/** The parts our charts are drawn from: axes, lines and the frame. */
import type { Cell } from "../report.js";
import { compact } from "../page/format.js";
import { type Point, axis, plainLine } from "../page/lines.js";
import { CURVE_INKS, INK } from "../page/palette.js";
import { type ChartOption, type Drawing, type Series, drawSvg } from "../page/svg.js";
import type { Group } from "./verdicts.js";

/** A chart of a report: of all students, or of one kind. */
export interface Chart extends Pick<Drawing, "id" | "label"> {
  readonly student?: string;
}

/** Square roots spread small shares without losing 0, and keep lines through the origin straight. */
export const root = (value: number): number => Math.sign(value) * Math.sqrt(Math.abs(value));
const square = (value: number): number => Math.sign(value) * value * value;

const TICKS = [-0.1, -0.03, -0.01, -0.001, 0, 0.001, 0.01, 0.03, 0.1, 0.2, 0.4, 0.7, 1];

function rootTicks(values: readonly number[]): object {
  const customValues = values.map(root);
  const formatter = (value: number): string => compact(square(value));
  return {
    axisLabel: { color: INK.muted.light, customValues, formatter, hideOverlap: true },
    axisTick: { customValues },
  };
}

/** An axis of ε on the square-root scale. */
export function rootAxis(
  name: string,
  extent: { readonly min: number; readonly max: number },
): object {
  return { ...axis(`${name} (square-root scale)`), ...rootTicks(TICKS), ...extent };
}

export function shareAxis(groups: readonly Group[]): {
  readonly min: number;
  readonly max: number;
} {
  const shares = new Set([0, ...groups.flatMap(({ cells }) => cells.map(({ rho }) => rho))]);
  const max = root(Math.max(...shares)) || 1;
  const name = "ρ, marked share of the training text (square-root scale)";
  return { ...axis(name), ...rootTicks([...shares]), min: 0, max };
}

/** The colour of the index-th curve of a chart. */
export function inkOf(index: number): string {
  return CURVE_INKS[index % CURVE_INKS.length].light;
}

const SYMBOLS = ["circle", "diamond", "triangle", "rect"] as const;

/** Its marker: colours and markers repeat after 20 curves. */
export function symbolOf(index: number): (typeof SYMBOLS)[number] {
  return SYMBOLS[index % SYMBOLS.length];
}

export function forecastLine(group: Group): Series {
  const data = group.cells.map(({ rho, forecast }): Point => [root(rho), forecast.epsilon]);
  return plainLine(data, { color: inkOf(group.index), type: "dashed" });
}

/** Markers joined by a line. */
export function measuredLine(group: Group, value: (cell: Cell) => number): Series {
  return {
    ...points(group, (cell) => [root(cell.rho), value(cell)]),
    lineStyle: { color: inkOf(group.index), type: "solid", width: 2 },
  };
}

/** Markers alone, one a cell. */
export function points(group: Group, at: (cell: Cell) => Point): Series {
  return {
    type: "line",
    name: group.name,
    symbol: symbolOf(group.index),
    symbolSize: 9,
    itemStyle: { color: inkOf(group.index) },
    lineStyle: { width: 0 },
    data: group.cells.map(at),
  };
}

/** 95 % intervals of the measured ε, as one line broken after each bar. */
export function errorBars(
  group: Group,
  x: (cell: Cell) => number,
  y: (epsilon: number) => number,
): Series {
  const color = inkOf(group.index);
  return {
    type: "line",
    symbol: "rect",
    symbolSize: [9, 1.5],
    itemStyle: { color },
    lineStyle: { color, type: "solid", width: 1.5 },
    data: group.cells.flatMap((cell) => {
      const { lower, upper } = cell.closed.interval;
      return [
        [x(cell), y(lower)],
        [x(cell), y(upper)],
        [x(cell), "-"],
      ];
    }),
  };
}

/** The band of 10 % around the identity up to `max`, then the line itself. */
export function identity(max: number): readonly Series[] {
  const lower = Math.sqrt(0.9) * max;
  const upper = Math.sqrt(1.1) * max;
  const edge = { type: "line", symbol: "none", stack: "band", lineStyle: { opacity: 0 } } as const;
  return [
    {
      ...edge,
      data: [
        [0, 0],
        [max, lower],
      ],
    },
    {
      ...edge,
      data: [
        [0, 0],
        [max, upper - lower],
      ],
      areaStyle: { color: INK.band.light, opacity: 1 },
    },
    plainLine(
      [
        [0, 0],
        [max, max],
      ],
      { color: INK.muted.light, type: "solid" },
    ),
  ];
}

export function draw(
  groups: readonly Group[],
  series: readonly Series[],
  { chart, extra }: { chart: Chart; extra: ChartOption },
): string {
  const titled = extra.title !== undefined;
  const option: ChartOption = {
    textStyle: { fontFamily: "system-ui, sans-serif" },
    grid: { left: 70, right: 24, top: titled ? 96 : 44, bottom: 56 },
    legend: {
      data: groups.map(({ name }) => name),
      top: titled ? 60 : 8,
      itemGap: 28,
      textStyle: { color: INK.text.light },
    },
    ...extra,
    series: [...series],
  };
  return drawSvg(option, { ...chart, size: { width: 720, height: titled ? 420 : 360 } });
}
