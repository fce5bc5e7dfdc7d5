/** A study's figures as SVG. */
import { type Point, axis, plainLine } from "../page/lines.js";
import { INK } from "../page/palette.js";
import { type Series, drawSvg } from "../page/svg.js";
import { inkOf, symbolOf } from "./plot.js";
import { type Scale, scaleOf } from "./scale.js";
import type { Figure, Mark } from "./study-figures.js";

/** Pixels: narrow, so that it can be read on a telephone. */
const WIDTH = 480;

/** Letters of a cell's name above its row; the table has all of it. */
const NAME = 64;

/** Within its row, a cell's name stands so much above the middle and its marks below. */
const ABOVE = 0.34;
const MARKS = 0.15;

/** How the drawing is read. */
export function figureLegend({ kind, bars, line, marks }: Figure): string {
  return [
    ...(kind === "agreement" ? ["Line: equal."] : []),
    `Bars: ${bars}.`,
    ...(kind === "rows" && marks.some(({ expected }) => expected !== null)
      ? ["Hollow: the law's forecast."]
      : []),
    ...(line === null ? [] : [`Dotted: ${line.is}.`]),
  ].join(" ");
}

/** A figure as an SVG element; the same figure gives the same bytes. */
export function figureSvg(figure: Figure): string {
  const scale = scaleOf(figure);
  const series = [...new Set(figure.marks.map((mark) => mark.series))];
  const placed = figure.kind === "rows" ? rows(figure, scale, series) : agreement(figure, scale);
  const legend = legendOf(series);
  const top = 20 + 26 * legend.lines;
  return drawSvg(
    {
      textStyle: { fontFamily: "system-ui, sans-serif" },
      grid: { left: placed.left, right: 28, top, bottom: 56 },
      legend: { ...legend.option, data: series },
      xAxis: placed.xAxis,
      yAxis: placed.yAxis,
      series: [
        ...placed.behind,
        ...series.flatMap((name, i) =>
          seriesOf(
            name,
            i,
            figure.marks.filter((mark) => mark.series === name),
            placed,
          ),
        ),
      ],
    },
    {
      id: figure.id,
      label: figure.title,
      size: { width: WIDTH, height: top + 56 + placed.height },
    },
  );
}

/** Where things are: axes, and the place of a mark's value, whichever way the chart lies. */
interface Placing {
  readonly left: number;
  readonly height: number;
  readonly xAxis: object;
  readonly yAxis: object;
  /** Lines behind the marks. */
  readonly behind: readonly Series[];
  readonly at: (mark: Mark, value: number) => Point;
  /** Whether bars lie along the x-axis. */
  readonly isFlat: boolean;
  /** Whether what was expected is drawn as a mark of its own. */
  readonly showsExpected: boolean;
}

function rows(
  { marks, axis: name, line }: Figure,
  scale: Scale,
  series: readonly string[],
): Placing {
  const cells = [...new Set(marks.map((mark) => mark.name))];
  const rowOf = new Map(cells.map((cell, i) => [cell, i]));
  // The series of a row lie beside each other.
  const apart = (mark: Mark): number =>
    MARKS + ((series.indexOf(mark.series) - (series.length - 1) / 2) * 0.5) / series.length;
  const across =
    line === null ? [] : [-0.5, cells.length - 0.5].map((y): Point => [scale.place(line.value), y]);
  return {
    left: 14,
    height: (32 + 6 * series.length) * cells.length,
    xAxis: scaleAxis(name, scale),
    yAxis: nameAxis(cells),
    behind: [
      ...cells.map((_, row) => {
        const ends = [0, 1].map((x): Point => [x, row + MARKS]);
        return plainLine(ends, { color: INK.grid.light, type: "solid" });
      }),
      plainLine(across, { color: INK.muted.light, type: "dotted" }),
    ],
    at: (mark, value) => [scale.place(value), (rowOf.get(mark.name) ?? 0) + apart(mark)],
    isFlat: true,
    showsExpected: true,
  };
}

/** A row per cell, its name above its marks. */
function nameAxis(cells: readonly string[]): object {
  return {
    ...axis(""),
    min: -0.5,
    max: cells.length - 0.5,
    inverse: true,
    splitLine: { show: false },
    axisTick: { show: false },
    axisLabel: {
      color: INK.text.light,
      inside: true,
      margin: 6,
      customValues: cells.map((_, i) => i - ABOVE),
      formatter: (row: number): string => shortened(cells[Math.round(row + ABOVE)] ?? ""),
    },
  };
}

function agreement({ axis: name, scale: kind }: Figure, scale: Scale): Placing {
  const ends: Point[] = [
    [0, 0],
    [1, 1],
  ];
  return {
    left: 70,
    height: 280,
    xAxis: scaleAxis(`${name} forecast (${kind} scale)`, scale),
    yAxis: scaleAxis(`${name} measured (${kind} scale)`, scale),
    behind: [plainLine(ends, { color: INK.muted.light, type: "solid" })],
    at: ({ expected }, value) => [scale.place(expected ?? 0), scale.place(value)],
    isFlat: false,
    showsExpected: false,
  };
}

function scaleAxis(name: string, { ticks }: Scale): object {
  const labels = new Map(ticks.map(({ place, label }) => [place, label]));
  const customValues = [...labels.keys()];
  const formatter = (place: number): string => labels.get(place) ?? "";
  return {
    ...axis(name),
    nameGap: 30,
    min: 0,
    max: 1,
    axisLabel: { color: INK.muted.light, customValues, formatter, hideOverlap: true },
    axisTick: { customValues },
    splitLine: { show: false },
  };
}

function seriesOf(name: string, index: number, marks: readonly Mark[], placing: Placing): Series[] {
  const { at, isFlat, showsExpected } = placing;
  const color = inkOf(index);
  const bars: Series = {
    type: "line",
    symbol: "rect",
    symbolSize: isFlat ? [1.5, 9] : [9, 1.5],
    itemStyle: { color },
    lineStyle: { color, type: "solid", width: 1.5 },
    data: marks.flatMap((mark) => {
      if (mark.interval === null) return [];
      const ends = [at(mark, mark.interval.lower), at(mark, mark.interval.upper)];
      return [...ends, [ends[1][0], "-"]];
    }),
  };
  const marker = { type: "line", symbol: symbolOf(index), lineStyle: { width: 0 } } as const;
  const values: Series = {
    ...marker,
    name,
    symbolSize: 9,
    itemStyle: { color },
    data: marks.map((mark) => at(mark, mark.value)),
  };
  const hollow: Series = {
    ...marker,
    symbolSize: 13,
    itemStyle: { color: INK.paper.light, borderColor: color, borderWidth: 1.5 },
    data: marks.flatMap((mark) => (mark.expected === null ? [] : [at(mark, mark.expected)])),
  };
  return [bars, ...(showsExpected ? [hollow] : []), values];
}

/** Several series have a legend, in as many lines as its words need at some 7 pixels a letter. */
function legendOf(series: readonly string[]): { readonly option: object; readonly lines: number } {
  if (series.length < 2) return { option: { show: false }, lines: 0 };
  const width = WIDTH - 90;
  let [lines, filled] = [1, 0];
  for (const name of series) {
    const own = 46 + 7 * name.length;
    if (filled > 0 && filled + own > width) [lines, filled] = [lines + 1, 0];
    filled += own;
  }
  const option = { top: 8, width, itemGap: 12, textStyle: { color: INK.text.light } };
  return { option, lines };
}

function shortened(name: string): string {
  return name.length <= NAME ? name : `${name.slice(0, NAME - 1)}…`;
}
