import { LineChart, type LineSeriesOption } from "echarts/charts";
import {
  GridComponent,
  type GridComponentOption,
  LegendComponent,
  type LegendComponentOption,
  TitleComponent,
  type TitleComponentOption,
} from "echarts/components";
import { type ComposeOption, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { escapeMarkup } from "./markup.js";
import { darkChartCss } from "./palette.js";

/** What our charts are made of: only these parts of the library are loaded. */
export type ChartOption = ComposeOption<
  LineSeriesOption | GridComponentOption | LegendComponentOption | TitleComponentOption
>;

export type Series = LineSeriesOption;

/** A chart as it stands in a document. */
export interface Drawing {
  /** Prefix of the ids inside; unique in the document. */
  readonly id: string;
  /** What a reader who cannot see it is told. */
  readonly label: string;
  /** Pixels. */
  readonly size: { readonly width: number; readonly height: number };
}

/** Draws a chart as an `<svg>` element without styles, scripts or references; the same option gives the same bytes. */
export function drawSvg(option: ChartOption, { id, label, size }: Drawing): string {
  use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);
  const chart = init(null, null, { renderer: "svg", ssr: true, ...size });
  try {
    chart.setOption({ animation: false, ...option });
    return settled(chart.renderToSVGString(), id).replace(
      "<svg ",
      `<svg role="img" aria-label="${escapeMarkup(label)}" `,
    );
  } finally {
    chart.dispose();
  }
}

/** A drawn chart as a file of its own, light or dark as the reader prefers. */
export function svgDocument(svg: string): string {
  return `${svg.replace(/(<svg [^>]*>)/, `$1\n<style>${darkChartCss()}</style>`)}\n`;
}

/** The library numbers charts and classes over the life of a process and adds hover styles; a document needs neither. */
function settled(svg: string, id: string): string {
  return svg
    .replace(/<style[^>]*>.*?<\/style>\n?/gs, "")
    .replace(/ (?:class|ecmeta_\w+|pointer-events|xmlns:xlink|version|baseProfile)="[^"]*"/g, "")
    .replace(/zr\d+-c(\d+)/g, `${id}-clip$1`)
    .replace(/<(\w+) >/g, "<$1>");
}
