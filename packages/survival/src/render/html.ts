import type { Report } from "../report.js";
import { agreementChart, excessChart, zChart } from "./charts.js";
import { type Section, type Table, describe } from "./content.js";
import { compact } from "./format.js";
import { escapeMarkup } from "./markup.js";
import { INK, darkChartCss } from "./palette.js";

/** A report as one HTML file that loads nothing and runs nothing. */
export function renderHtml(report: Report): string {
  const { title, sections } = describe(report);
  const body = sections.flatMap((section) =>
    section.kind === "controls" ? [curves(report), block(section)] : [block(section)],
  );
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeMarkup(title)}</title>
<style>${css()}</style>
</head>
<body>
<main>
<h1>${escapeMarkup(title)}</h1>
${body.join("\n")}
</main>
</body>
</html>
`;
}

function block({ kind, heading, paragraphs, points, table }: Section): string {
  const list = points.map((point) => `<li>${escapeMarkup(point)}</li>`).join("\n");
  const parts = [
    `<section class="${kind}" aria-labelledby="${kind}">`,
    `<h2 id="${kind}">${escapeMarkup(heading)}</h2>`,
    ...paragraphs.map((text) => `<p>${escapeMarkup(text)}</p>`),
    ...(list === "" ? [] : [`<ul>\n${list}\n</ul>`]),
    ...(table === null ? [] : [tableOf(table, kind)]),
    "</section>",
  ];
  return parts.join("\n");
}

/** The region can be scrolled from the keyboard where the table is wider than the page. */
function tableOf({ caption, columns, rows }: Table, id: string): string {
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

function curves(report: Report): string {
  const students = [...new Set(report.cells.map(({ student }) => student))];
  const figures = students.flatMap((student, i) => {
    const epsilon = `${student} student: excess score ε against the marked share ρ, measured and forecast`;
    const z = `${student} student: z of the closed audit against the marked share ρ`;
    return [
      figure(
        excessChart(report, { id: `epsilon${i}`, label: epsilon, student }),
        `${epsilon}. Solid: measured, 95 % interval; dashed: forecast.`,
      ),
      figure(
        zChart(report, { id: `z${i}`, label: z, student }),
        `${z}. Dotted: the z of α = ${compact(report.alpha)}. z is for display only.`,
      ),
    ];
  });
  const agreement = "Forecast against measured ε, every student, square-root scales";
  figures.push(
    figure(
      agreementChart(report, { id: "agreement", label: agreement }),
      `${agreement}. Line: equal; band: 10 %; bars: 95 %.`,
    ),
  );
  return `<section class="curves" aria-labelledby="curves">\n<h2 id="curves">Curves</h2>\n<div class="figures">\n${figures.join("\n")}\n</div>\n</section>`;
}

/** Inside HTML an `<svg>` needs no namespace, and a file that names no address plainly loads none. */
function figure(svg: string, caption: string): string {
  const inline = svg.replace(/ xmlns="[^"]*"/, "");
  return `<figure>\n${inline}\n<figcaption>${escapeMarkup(caption)}</figcaption>\n</figure>`;
}

function css(): string {
  const variables = (tone: "light" | "dark"): string =>
    Object.entries(INK)
      .map(([name, ink]) => `--${name}:${ink[tone]}`)
      .join(";");
  return `
:root{${variables("light")}}
@media screen and (prefers-color-scheme:dark){:root{${variables("dark")}}}
${darkChartCss()}
body{margin:0;background:var(--paper);color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{max-width:80rem;margin:0 auto;padding:1.5rem}
h1,h2{line-height:1.2;overflow-wrap:anywhere}
h2{margin-top:2.5rem}
p,li{max-width:48rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.875rem}
caption{text-align:left;color:var(--muted);padding:.25rem 0}
th,td{padding:.3rem .45rem;border-bottom:1px solid var(--grid);text-align:left;vertical-align:top}
.record td{overflow-wrap:anywhere}
thead th{border-bottom-color:var(--muted);vertical-align:bottom}
tbody th{font-weight:600}
.controls th,.controls td:nth-child(2){white-space:nowrap}
.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.notice{border-left:4px solid var(--muted);padding-left:1rem;margin-top:2.5rem}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(32rem,100%),1fr));gap:1.5rem}
figure{margin:0}
svg{max-width:100%;height:auto}
figcaption{color:var(--muted);font-size:.875rem}
@media print{.wide{overflow:visible}table{font-size:7pt}th,td{padding:.15rem .25rem}figure,tr{break-inside:avoid}}
`;
}
