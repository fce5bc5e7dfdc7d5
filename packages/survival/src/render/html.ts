import type { StudyReport } from "../lab/report.js";
import type { Report } from "../report.js";
import { agreementChart, excessChart, zChart } from "./charts.js";
import { type Section, describe } from "./content.js";
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

const CSS = `.controls th,.controls td:nth-child(2){white-space:nowrap}`;

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
