/**
 * What a report says, before any format: words and tables in reading order. Every renderer prints all of it, so no
 * format can leave a control or the notice out.
 */
import type { StudyReport } from "../lab/report.js";
import type { Column, Table } from "../page/page.js";
import type { Cell, Report } from "../report.js";
import { controlRows, controlsSummary } from "./controls.js";
import { compact, count, list, plural } from "../page/format.js";
import { describeStudy } from "./study-content.js";
import { type Content, EMPTY } from "./section.js";
import { SURVIVAL_COLUMNS } from "./survival-table.js";
import { groupsOf, verdicts } from "./verdicts.js";

/** A report in words and tables, of an experiment or of a study. */
export function describe(report: Report | StudyReport): Content {
  return "kind" in report ? describeStudy(report) : describeExperiment(report);
}

function describeExperiment(report: Report): Content {
  return {
    title: `Survival report: ${report.name}`,
    sections: [
      { ...EMPTY, kind: "question", heading: "What was asked", paragraphs: question(report) },
      {
        ...EMPTY,
        kind: "survival",
        heading: "Survival",
        paragraphs: [LEGEND],
        table: survivalTable(report),
      },
      { ...EMPTY, kind: "verdicts", heading: "Verdict", points: verdicts(report) },
      {
        ...EMPTY,
        kind: "controls",
        heading: "Controls",
        paragraphs: [controlsSummary(report)],
        table: controlsTable(report),
      },
      { ...EMPTY, kind: "notice", heading: "What this does not say", paragraphs: [report.notice] },
      {
        ...EMPTY,
        kind: "record",
        heading: "Record",
        paragraphs: reproduce(report),
        table: settingsTable(report),
      },
    ],
  };
}

function question({ cells, alpha, nullHypothesis }: Report): readonly string[] {
  const students = list(groupsOf(cells).map(({ name }) => name));
  return [
    "Does the mark of a teacher survive in a student that is trained on the teacher's text? " +
      `${plural(cells.length, "student")} (${students}) learned from ${sizes(cells)} tokens each, of which a share ρ ` +
      "was marked. The survival law forecast every one of them before any was trained; then each was audited in " +
      "contexts the auditor chose, by its answers (closed) and by its probabilities (open).",
    `Null hypothesis: ${nullHypothesis}`,
    `Every test is held against α = ${compact(alpha)} on its own; α is not divided by the number of tests.`,
  ];
}

const LEGEND =
  "Served ≥ m: only windows that the provider had served with this mark at least m times were audited. " +
  "ε is the student's excess score per token, ± its standard error; R = ε / Δ_T is the share of the teacher's own " +
  "excess that survives, with its 95 % interval. z is for display only. The open log10 p is the bound of an e-value. " +
  "Decoy p ranks the key among wrong keys; VIF is the variance of z over them, near 1. N* is the number of tokens " +
  "the forecast asks for with power 0.9. Loss is held out, in nats per token. The forecast agrees if it differs " +
  "from the measurement by at most 3 standard errors + 10 % of itself.";

function survivalTable({ cells }: Report): Table {
  return {
    caption: "Survival of the mark, forecast and measured",
    columns: SURVIVAL_COLUMNS,
    rows: cells.map((cell) => SURVIVAL_COLUMNS.map(({ show }) => show(cell))),
  };
}

function controlsTable(report: Report): Table {
  const text = (head: string): Column => ({ head, numeric: false, detail: false });
  return {
    caption: "Controls, each with its own verdict",
    columns: [text("control"), text("arm"), text("verdict")],
    rows: controlRows(report).map(({ control, arm, holds, verdict }) => [
      control,
      arm,
      `${holds ? "Holds" : "FAILS"}: ${verdict}`,
    ]),
  };
}

function settingsTable(report: Report): Table {
  const { cells } = report;
  const each = (value: (cell: Cell) => string): string => [...new Set(cells.map(value))].join(", ");
  const text = (head: string): Column => ({ head, numeric: false, detail: false });
  return {
    caption: "Settings and digests",
    columns: [text("setting"), text("value")],
    rows: [
      ["experiment", report.name],
      ["digest of configuration and material", report.digest],
      ["digest of the forecasts", report.forecastDigest],
      ["report version", String(report.version)],
      ["α", compact(report.alpha)],
      ["students", each((cell) => cell.student)],
      ["profiles", each((cell) => cell.profile)],
      ["context widths h", each((cell) => String(cell.h))],
      ["marked shares ρ", each((cell) => compact(cell.rho, 6))],
      ["training tokens of a student", sizes(cells)],
      ["tokens scored, closed", range(cells.map((cell) => cell.closed.evidence.n))],
      ["contexts scored, open", range(cells.map((cell) => cell.open.evidence.n))],
      ["decoy keys", range(cells.map((cell) => cell.decoys.keys))],
    ],
  };
}

function reproduce({ name, digest, forecastDigest }: Report): readonly string[] {
  return [
    `To reproduce: run "verdigris survive" with the configuration of ${name} on the same material. The same digest, ` +
      `${digest.slice(0, 12)}, promises the same report byte for byte.`,
    `The forecasts were written before any student was trained; the digest of that file begins ${forecastDigest.slice(0, 12)}.`,
  ];
}

function sizes(cells: readonly Cell[]): string {
  return range(cells.map((cell) => cell.tokens));
}

function range(values: readonly number[]): string {
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  return low === high ? count(low) : `${count(low)} to ${count(high)}`;
}
