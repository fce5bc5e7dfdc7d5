/** What a study's report says, before any format. */
import type { StudyCell, StudyReport } from "../lab/report.js";
import { compact, count, excess, hundredths, plural, ratio, tenths } from "../page/format.js";
import type { Table } from "../page/page.js";
import { canonicalJson } from "../store.js";
import { cellName } from "./cell-name.js";
import { furtherAudits, furtherControls } from "./further-audits.js";
import { type Content, EMPTY, type Section } from "./section.js";
import { figuresOf } from "./study-figures.js";
import { type Tested, replicated, testedRow, text, verdictOf } from "./study-words.js";

/** A study in words and tables. */
export function describeStudy(report: StudyReport): Content {
  const sections: readonly Section[] = [
    { ...EMPTY, kind: "question", heading: "What was asked", paragraphs: question(report) },
    {
      ...EMPTY,
      kind: "survival",
      heading: "Survival",
      paragraphs: [LEGEND],
      table: {
        caption: "Survival of the mark in each cell, forecast and measured",
        columns: COLUMNS.map(([head, numeric]) => ({ head, numeric, detail: false })),
        rows: report.cells.map((cell) => COLUMNS.map(([, , show]) => show(cell, report))),
      },
    },
    { ...EMPTY, kind: "curves", heading: "Curves", figures: figuresOf(report) },
    ...furtherAudits(report),
    { ...EMPTY, kind: "controls", heading: "Controls", table: controlsTable(report) },
    { ...EMPTY, kind: "notice", heading: "What this does not say", paragraphs: [report.notice] },
    { ...EMPTY, kind: "record", heading: "Record", table: recordTable(report) },
  ];
  return { title: `Study: ${report.name}`, sections };
}

function question({ cells, alpha, nullHypothesis }: StudyReport): readonly string[] {
  const { keys, runs } = cells[0].survivalRatio;
  return [
    "Does the mark of a teacher survive in a student that is trained on the teacher's text, and what decides it? " +
      `${plural(cells.length, "cell")}, each under ${plural(keys, "key")} with ${plural(runs / keys, "student run")} of its own. ` +
      "The survival law forecast every student before it was trained.",
    `Null hypothesis: ${nullHypothesis}`,
    `Every test is held against α = ${compact(alpha)} on its own; α is not divided by the number of tests.`,
  ];
}

const LEGEND =
  "A cell is named by what differs from the default cell. ε is the student's excess score per token: drawn once in each " +
  "context (closed), and by its probabilities (open); in brackets the 95 % interval over keys. R = ε / Δ_T is the share of the " +
  "teacher's own excess that survives. log10 p is the median over runs, and the count says how many runs were found. N* is the " +
  "number of tokens that the forecast asks for with power 0.9. Kept is the share of what training on unmarked text taught, by " +
  "held-out loss. Agrees is the share of runs within 3 standard errors + 10 % of the forecast.";

type Show = (cell: StudyCell, report: StudyReport) => string;

/** Heading, whether numeric, and what is shown. A new column is a line here. */
const COLUMNS: readonly (readonly [head: string, numeric: boolean, show: Show])[] = [
  ["cell", false, ({ changes }) => cellName(changes)],
  ["ε forecast", true, ({ forecast }) => excess(forecast.value)],
  ["ε closed", true, ({ access }) => replicated(access.oneStep.epsilon, excess)],
  ["ε open", true, ({ access }) => replicated(access.openSoft.epsilon, excess)],
  ["R", true, ({ survivalRatio }) => replicated(survivalRatio, ratio)],
  ["z", true, ({ access }) => tenths(access.oneStep.z)],
  ["log10 p", true, ({ access }) => tenths(access.oneStep.log10P.median)],
  ["found", true, ({ access, runs }) => `${access.oneStep.detected}/${runs.length}`],
  ["N*", true, ({ forecastTokens }) => count(forecastTokens)],
  ["kept", true, ({ capability }) => hundredths(capability.unmarked.kept)],
  ["agrees", true, ({ withinForecast }) => hundredths(withinForecast)],
];

function controlsTable(report: StudyReport): Table {
  const { controls, alpha } = report;
  const unmarked = controls.unmarkedTeacher.flatMap(({ runs }) => runs);
  const tested: readonly Tested[] = [
    ["student of unmarked text", "none", unmarked.map(({ audits }) => audits.oneStep)],
    ["the same, open", "none", unmarked.map(({ audits }) => audits.openSoft)],
    ["student before training", "none", controls.untrained.map(({ closed }) => closed)],
    ["teacher", "all", controls.teacher],
    [
      "copier, with the prompt rule",
      "none",
      controls.copier.map(({ withPromptRule }) => ({ evidence: withPromptRule })),
    ],
  ];
  return {
    caption: "Controls, each with its own verdict",
    columns: [text("control"), text("runs"), text("verdict")],
    rows: [
      ...tested.map((control) => testedRow(control, alpha)),
      wrongKeysRow(controls),
      ...furtherControls(report),
    ],
  };
}

/** The mean variance of z over wrong keys must be 1 within .1 and 3 standard errors; cells of one run share their windows. */
function wrongKeysRow({ wrongKeys }: StudyReport["controls"]): readonly string[] {
  const mean =
    wrongKeys.reduce((sum, { decoys }) => sum + decoys.varianceInflation, 0) / wrongKeys.length;
  const runs = new Set(wrongKeys.map(({ key, seed }) => `${key} ${seed}`)).size;
  const [{ decoys }] = wrongKeys;
  const room = 0.1 + 3 * Math.sqrt(2 / ((decoys.keys - 1) * runs));
  const holds = Math.abs(mean - 1) <= room;
  return [
    "wrong keys",
    String(wrongKeys.length),
    `${verdictOf(holds)}: variance of z ${hundredths(mean)}, 1 ± ${hundredths(room)} expected`,
  ];
}

function recordTable(report: StudyReport): Table {
  const [{ setting, runs }] = report.cells;
  return {
    caption: "Settings and digests",
    columns: [text("setting"), text("value")],
    rows: [
      ["study", report.name],
      ["digest of configuration and material", report.digest],
      ["digest of the forecasts", report.forecastDigest],
      ["report version", String(report.version)],
      ["α", compact(report.alpha)],
      ["default cell", canonicalJson(setting)],
      ["Δ_T of the default cell, first run", excess(runs[0].forecast.deltaT)],
    ],
  };
}
