/** The two charts of a report. */
import { CURVE_INKS, INK, type Point, axis, drawSvg, plainLine } from "@verdigris/survival/page";

/** Points a curve is drawn with at most. */
const POINTS = 600;

type LineStyle = Parameters<typeof plainLine>[1];

const [VERDIGRIS, AMBER] = CURVE_INKS;
const SIZE = { width: 720, height: 320 } as const;

/** log10 of the e-process over the tokens, and the line it must reach. */
export function evidenceChart(
  log10E: Float64Array,
  { alpha, label, crossing }: { alpha: number; label: string; crossing: number | null },
): string {
  const threshold = -Math.log10(alpha);
  const xAxis = {
    ...axis("token"),
    // The last token's number would stand on the tick before it.
    axisLabel: { color: INK.muted.light, showMaxLabel: false },
    min: 0,
    max: Math.max(1, log10E.length),
  };
  const series = [
    {
      ...plainLine(curve(log10E, crossing), { color: VERDIGRIS.light, type: "solid" }),
      name: "evidence, log10 E",
      step: "end" as const,
    },
    {
      ...straight([0, threshold], [xAxis.max, threshold], { color: AMBER.light, type: "dashed" }),
      name: `1/α = ${Math.round(1 / alpha)}`,
    },
    ...(crossing === null
      ? []
      : [
          {
            ...straight([crossing, 0], [crossing, threshold], {
              color: AMBER.light,
              type: "dotted",
            }),
            name: "first reached",
          },
        ]),
  ];
  const shown = series.map(({ name }) => name);
  return drawSvg(
    { ...frame(shown), xAxis, yAxis: axis("log10 E"), series },
    { id: "evidence", label, size: SIZE },
  );
}

function straight(from: Point, to: Point, style: LineStyle): ReturnType<typeof plainLine> {
  return plainLine([from, to], style);
}

/** The curve after 0, 1, … tokens, thinned evenly; where it crosses is kept. */
function curve(log10E: Float64Array, crossing: number | null): Point[] {
  const T = log10E.length;
  const step = Math.max(1, T / POINTS);
  const at = new Set([0, T, ...(crossing === null ? [] : [crossing - 1, crossing])]);
  for (let i = 0; i < T; i += step) at.add(Math.round(i));
  return [...at]
    .toSorted((a, b) => a - b)
    .map((i): Point => [i, i === 0 ? 0 : Number(log10E[i - 1].toFixed(4))]);
}

/** Histogram of the decoys' z, the normal law they should follow, and the text's own z. */
export function decoyChart(
  z: Float64Array,
  { own, label }: { own: number; label: string },
): string {
  const width = binWidth(z.length);
  const bars = histogram(z, width);
  const low = Math.min(-4, ...bars.map(([x]) => x), own - 0.5);
  const high = Math.max(4, ...bars.map(([x]) => x), own * 1.05 + 0.5);
  const top = Math.max(...bars.map(([, count]) => count));
  const normal = Array.from({ length: 81 }, (_, i): Point => {
    const x = -4 + i / 10;
    const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
    return [x, Number((density * z.length * width).toFixed(4))];
  });
  const series = [
    {
      ...plainLine(bars, { color: INK.muted.light, type: "solid" }),
      name: "decoy keys",
      step: "end" as const,
      areaStyle: { color: INK.band.light, opacity: 1 },
    },
    {
      ...plainLine(normal, { color: VERDIGRIS.light, type: "dashed" }),
      name: "standard normal",
    },
    {
      ...straight([own, 0], [own, top], { color: AMBER.light, type: "solid" }),
      lineStyle: { color: AMBER.light, type: "solid" as const, width: 3 },
      name: "this text",
    },
  ];
  const shown = series.map(({ name }) => name);
  const xAxis = { ...axis("z"), min: Math.floor(low), max: Math.ceil(high) };
  const yAxis = { ...axis("decoy keys"), minInterval: 1 };
  return drawSvg({ ...frame(shown), xAxis, yAxis, series }, { id: "decoys", label, size: SIZE });
}

/** Half a standard deviation for about a hundred keys, less for more. */
function binWidth(keys: number): number {
  return keys >= 1000 ? 0.25 : 0.5;
}

/** The outline of the bars as a step line that changes at each left edge, from 0 to 0. */
function histogram(z: Float64Array, width: number): Point[] {
  const counts = new Map<number, number>();
  for (const value of z) {
    const bin = Math.floor(value / width);
    counts.set(bin, (counts.get(bin) ?? 0) + 1);
  }
  const bins = [...counts.keys()];
  const [first, last] = [Math.min(...bins), Math.max(...bins)];
  const points: Point[] = [[first * width, 0]];
  for (let bin = first; bin <= last + 1; bin++) points.push([bin * width, counts.get(bin) ?? 0]);
  return points;
}

function frame(names: readonly string[]): object {
  return {
    textStyle: { fontFamily: "system-ui, sans-serif" },
    grid: { left: 60, right: 24, top: 44, bottom: 52 },
    legend: {
      data: [...names],
      top: 8,
      itemGap: 28,
      itemWidth: 28,
      // As high as the line: the library would put a dot on it.
      itemHeight: 2,
      textStyle: { color: INK.text.light },
      lineStyle: { width: 2 },
    },
  };
}
