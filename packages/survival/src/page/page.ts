/** A self-contained HTML page: loads nothing, and runs at most the one script whose hash its policy names. */
import { createHash } from "node:crypto";
import { escapeMarkup } from "./markup.js";
import { INK, darkChartCss } from "./palette.js";

/** What a page holds, markup unless said otherwise. */
export interface Page {
  /** Text. */
  readonly title: string;
  readonly main: string;
  /** CSS after that of every page. */
  readonly style: string;
  /** Code that may run. */
  readonly script?: string;
}

/** The page as one file. The same input gives the same bytes. */
export function page({ title, main, style, script = "" }: Page): string {
  const hash = createHash("sha256").update(script).digest("base64");
  const scripts = script === "" ? "" : `; script-src 'sha256-${hash}'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'${scripts}">
<title>${escapeMarkup(title)}</title>
<style>${CSS}${style}</style>
</head>
<body>
<main>
<h1>${escapeMarkup(title)}</h1>
${main}
</main>
${script === "" ? "" : `<script>${script}</script>\n`}</body>
</html>
`;
}

/** A table of strings; `numeric` columns align right. */
export interface Table {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

export interface Column {
  readonly head: string;
  readonly numeric: boolean;
  /** Left out where width is scarce. */
  readonly detail: boolean;
}

/** A table in a region that can be scrolled from the keyboard where it is wider than the page. */
export function table({ caption, columns, rows }: Table, id: string): string {
  const cls = (i: number): string => (columns[i].numeric ? ' class="n"' : "");
  const cell = (text: string, i: number): string =>
    i === 0
      ? `<th scope="row">${escapeMarkup(text)}</th>`
      : `<td${cls(i)}>${escapeMarkup(text)}</td>`;
  const head = columns
    .map((column, i) => `<th scope="col"${cls(i)}>${escapeMarkup(column.head)}</th>`)
    .join("");
  return [
    `<div class="wide" role="region" tabindex="0" aria-labelledby="${id}-caption">`,
    `<table><caption id="${id}-caption">${escapeMarkup(caption)}</caption>`,
    `<thead><tr>${head}</tr></thead>`,
    `<tbody>\n${rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("\n")}\n</tbody></table></div>`,
  ].join("\n");
}

/**
 * A chart with its caption, which can be scrolled where it is wider than the page. Inside HTML an `<svg>` needs no
 * namespace, and a file that names no address plainly loads none.
 */
export function figure(svg: string, caption: string): string {
  const inline = svg.replace(/ xmlns="[^"]*"/, "");
  const name = escapeMarkup(caption.split(".")[0]);
  return `<figure>\n<div class="wide" role="region" tabindex="0" aria-label="Chart: ${name}">\n${inline}\n</div>\n<figcaption>${escapeMarkup(caption)}</figcaption>\n</figure>`;
}

function variables(tone: "light" | "dark"): string {
  return Object.entries(INK)
    .map(([name, ink]) => `--${name}:${ink[tone]}`)
    .join(";");
}

const CSS = `
:root{${variables("light")}}
@media screen and (prefers-color-scheme:dark){:root{${variables("dark")}}}
${darkChartCss()}
body{margin:0;background:var(--paper);color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{max-width:80rem;margin:0 auto;padding:1.5rem}
h1,h2,h3{line-height:1.2;overflow-wrap:anywhere}
h2{margin-top:2.5rem}
p,li{max-width:48rem;overflow-wrap:anywhere}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.875rem}
caption{text-align:left;color:var(--muted);padding:.25rem 0}
th,td{padding:.3rem .45rem;border-bottom:1px solid var(--grid);text-align:left;vertical-align:top}
.record td{overflow-wrap:anywhere}
thead th{border-bottom-color:var(--muted);vertical-align:bottom}
tbody th{font-weight:600}
.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.notice{border-left:4px solid var(--muted);padding-left:1rem;margin-top:2.5rem}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(32rem,100%),1fr));gap:1.5rem}
figure{margin:0;min-width:0}
svg{display:block;width:100%;min-width:30rem;max-width:720px;height:auto}
figcaption{color:var(--muted);font-size:.875rem;max-width:48rem}
@media print{.wide{overflow:visible}svg{min-width:0}table{font-size:7pt}th,td{padding:.15rem .25rem}figure,tr{break-inside:avoid}}
`;
