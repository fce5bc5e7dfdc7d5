/** Parts of charts: axes and lines in our inks. */
import { INK } from "./palette.js";
import type { Series } from "./svg.js";

/** A value axis with its name in the middle. */
export function axis(name: string): object {
  return {
    type: "value",
    name,
    nameLocation: "middle",
    nameTextStyle: { color: INK.text.light },
    axisLabel: { color: INK.muted.light },
    axisLine: { show: true, onZero: false, lineStyle: { color: INK.muted.light } },
    splitLine: { lineStyle: { color: INK.grid.light } },
  };
}

/** x and y. */
export type Point = [number, number];

/** How a line is drawn. */
export type Stroke = { readonly color: string; readonly type: "solid" | "dashed" | "dotted" };

/** A line without markers. */
export function plainLine(data: Point[], { color, type }: Stroke): Series {
  const lineStyle = { color, type, width: 1.5 };
  return { type: "line", symbol: "none", itemStyle: { color }, lineStyle, data };
}
