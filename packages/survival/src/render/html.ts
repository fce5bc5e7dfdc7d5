import type { StudyReport } from "../lab/report.js";
import type { Report } from "../report.js";
import { agreementChart, excessChart, zChart } from "./charts.js";
import { describe } from "./content.js";
import type { Section } from "./section.js";
import { figureLegend, figureSvg } from "./study-charts.js";
import { type Figure, tableOf as tableOfFigure } from "./study-figures.js";
import { compact } from "../page/format.js";
import { escapeMarkup } from "../page/markup.js";
import { figure, page, table as tableOf } from "../page/page.js";

/** A report as one HTML file that loads nothing and runs nothing. */
export function renderHtml(report: Report | StudyReport): string {
  const { title, sections } = describe(report);
  const body = sections.flatMap((section) =>
    section.kind === "controls" && !("kind" in report)
      ? [curves(report), block(section)]
      : [block(section)],
  );
  return page({ title, main: body.join("\n"), style: CSS });
}

const CSS = `.controls th,.controls td:nth-child(2){white-space:nowrap}details{margin:.5rem 0}summary{cursor:pointer;color:var(--muted);font-size:.875rem}.figures>*{min-width:0}.study svg{min-width:26rem}`;

function block({ kind, heading, paragraphs, points, table, figures }: Section): string {
  const list = points.map((point) => `<li>${escapeMarkup(point)}</li>`).join("\n");
  const parts = [
    `<section class="${kind}" aria-labelledby="${kind}">`,
    `<h2 id="${kind}">${escapeMarkup(heading)}</h2>`,
    ...paragraphs.map((text) => `<p>${escapeMarkup(text)}</p>`),
    ...(list === "" ? [] : [`<ul>\n${list}\n</ul>`]),
    ...(table === null ? [] : [tableOf(table, kind)]),
    ...(figures.length === 0 ? [] : [framed(figures.map(studyFigure))]),
    "</section>",
  ];
  return parts.join("\n");
}

function framed(figures: readonly string[]): string {
  return `<div class="figures">\n${figures.join("\n")}\n</div>`;
}

/** A figure, and for who does not see it the same as a table. */
function studyFigure(of: Figure): string {
  const chart = figure(figureSvg(of), `${of.title}. ${figureLegend(of)} ${of.caption}`);
  const words = `<details><summary>The same as a table</summary>\n${tableOf(tableOfFigure(of), of.id)}\n</details>`;
  return `<div class="study">\n${chart}\n${words}\n</div>`;
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
  return `<section class="curves" aria-labelledby="curves">\n<h2 id="curves">Curves</h2>\n${framed(figures)}\n</section>`;
}
