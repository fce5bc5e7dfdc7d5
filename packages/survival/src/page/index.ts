/** What the pages of reports are made of: the frame, tables, charts, inks and numbers in words. */
export { compact, count, fixed, list, plural } from "./format.js";
export { type Point, axis, plainLine } from "./lines.js";
export { escapeMarkup } from "./markup.js";
export { type Column, type Page, type Table, figure, page, table } from "./page.js";
export { CURVE_INKS, INK, type Ink } from "./palette.js";
export { type ChartOption, type Drawing, type Series, drawSvg, svgDocument } from "./svg.js";
