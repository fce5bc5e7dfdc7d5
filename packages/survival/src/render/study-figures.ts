/** The figures of a study as data: what is drawn, whatever it is drawn with. */
import type { Interval } from "@verdigris/detector";
import { ratioOf } from "../lab/ratio.js";
import type { StudyCell, StudyReport } from "../lab/report.js";
import type { StudentRun } from "../lab/result.js";
import { NOTHING, count, excess, fixed, interval, plural } from "../page/format.js";
import type { Table } from "../page/page.js";
import { cellName } from "./cell-name.js";

/** One measured figure of a cell. */
export interface Mark {
  /** The cell. */
  readonly name: string;
  /** Marks of one series share an ink and a symbol. */
  readonly series: string;
  readonly value: number;
  readonly interval: Interval | null;
  /** What was expected before the measurement; null if nothing. */
  readonly expected: number | null;
}

/** `rows`: a line of the chart per cell; `agreement`: measured against expected. */
export interface Figure {
  readonly id: string;
  readonly kind: "rows" | "agreement";
  /** What a reader who cannot see it is told. */
  readonly title: string;
  /** What one has to know to read it. */
  readonly caption: string;
  /** What the bars are. */
  readonly bars: string;
  readonly axis: string;
  readonly scale: "linear" | "log";
  /** What the value and its interval are called in the table. */
  readonly columns: readonly [value: string, interval: string, expected: string];
  readonly marks: readonly Mark[];
  /** A value drawn across, and what it is; null if nothing is. */
  readonly line: { readonly value: number; readonly is: string } | null;
  readonly format: (value: number) => string;
}

/** The figures of a study that have something to show. */
export function figuresOf(report: StudyReport): readonly Figure[] {
  const all = [
    agreementOf(report, "oneStep"),
    agreementOf(report, "openSoft"),
    keptOf(report),
    tokensOf(report),
  ];
  return all.filter(({ marks }) => marks.length > 0);
}

const ACCESS = {
  oneStep: { id: "closed", words: "closed model, one token drawn in each context" },
  openSoft: { id: "open", words: "open model, by its probabilities" },
} as const;

function agreementOf({ cells }: StudyReport, access: keyof typeof ACCESS): Figure {
  const { id, words } = ACCESS[access];
  const shown = cells.filter((cell) => isForecast(cell) && cell.forecast.value > 0);
  const left = cells.length - shown.length;
  return {
    id: `agreement-${id}`,
    kind: "agreement",
    title: `Forecast against measured ε, ${words}`,
    caption:
      "What is at or below the axis is drawn at its edge." +
      (left === 0
        ? ""
        : ` Not drawn: ${left} of ${plural(cells.length, "cell")} for which the law forecasts no ε above 0.`),
    bars: OVER_KEYS,
    axis: "ε",
    scale: "log",
    columns: ["ε measured", "95 %", "ε forecast"],
    marks: shown.map((cell): Mark => {
      const { value, interval: own } = cell.access[access].epsilon;
      return { ...names(cell), value, interval: own, expected: cell.forecast.value };
    }),
    line: null,
    format: excess,
  };
}

const OVER_KEYS = "95 % interval over keys";

/** Whether the law has a forecast of the cell's students: of some attacks it has no closed form. */
export function isForecast({ runs }: StudyCell): boolean {
  return runs.every(({ attack }) => attack === null || attack.retained !== null);
}

/** A cell's name, and as its series what it varies. */
function names({ changes }: StudyCell): Pick<Mark, "name" | "series"> {
  const paths = Object.keys(changes).filter((path) => changes[path] !== null);
  return { name: cellName(changes), series: paths.toSorted().join(" × ") || "default" };
}

/** ε after an attack as a share of that before, under both kinds of access. */
function keptOf({ cells }: StudyReport): Figure {
  const byId = new Map(cells.map((cell) => [cell.id, cell]));
  const marks = cells.flatMap((cell): readonly Mark[] => {
    const before = cell.attack === null ? undefined : byId.get(cell.attack.unattacked);
    if (before === undefined) return [];
    const name = cellName(cell.changes);
    return (["oneStep", "openSoft"] as const).map((access) => ({
      name,
      series: ACCESS[access].id,
      ...ratioOf(pairsOf(cell, before, ({ audits }) => audits[access].evidence.effect)),
      expected:
        isForecast(cell) && before.forecast.value > 0
          ? cell.forecast.value / before.forecast.value
          : null,
    }));
  });
  return {
    id: "kept",
    kind: "rows",
    title: "Share of ε that is left after each attack",
    caption:
      "Without a bar: ε without the attack is not told from 0, or there is one key. Without a forecast: the law has no closed form of the attack.",
    bars: `${OVER_KEYS}, by Fieller`,
    axis: "ε after the attack / ε without it",
    scale: "linear",
    columns: ["kept", "95 %", "forecast"],
    marks: marks.filter(({ value }) => Number.isFinite(value)),
    line: { value: 1, is: "the attack took nothing" },
    format: (value) => fixed(value, 2),
  };
}

/** Both cells have the same keys. */
function pairsOf(
  cell: StudyCell,
  before: StudyCell,
  effect: (run: StudentRun) => number,
): Parameters<typeof ratioOf>[0] {
  const keys = [...new Set(cell.runs.map(({ key }) => key))];
  const mean = (of: StudyCell, key: number): number => {
    const own = of.runs.filter((run) => run.key === key);
    return own.reduce((sum, run) => sum + effect(run), 0) / own.length;
  };
  return keys.map((key) => ({ numerator: mean(cell, key), denominator: mean(before, key) }));
}

function tokensOf({ cells }: StudyReport): Figure {
  const [{ runs }] = cells;
  const audited = runs.reduce((sum, { audits }) => sum + audits.oneStep.evidence.n, 0);
  return {
    id: "tokens",
    kind: "rows",
    title: "N*: scored tokens that the forecast asks for, per cell",
    caption:
      "Median over students, at the report's α with power 0.9. Cells for which the law forecasts no ε above 0 are not drawn.",
    bars: "the least and the most of a student",
    axis: "N*, scored tokens",
    scale: "log",
    columns: ["N*", "least to most", "forecast"],
    marks: cells.flatMap((cell): readonly Mark[] => {
      const of = cell.runs.flatMap(({ forecastTokens: own }) => own ?? []);
      if (cell.forecastTokens === null || !isForecast(cell)) return [];
      const bounds = { lower: Math.min(...of), upper: Math.max(...of) };
      const name = cellName(cell.changes);
      return [{ name, series: "N*", value: cell.forecastTokens, interval: bounds, expected: null }];
    }),
    line: { value: audited / runs.length, is: "scored tokens of an audit of the default cell" },
    format: count,
  };
}

/** What a figure shows, in words: for readers who do not see it. */
export function tableOf({ kind, title, columns, marks, format }: Figure): Table {
  const [value, bounds, expected] = columns;
  const several = new Set(marks.map(({ series }) => series)).size > 1;
  const forecasts = marks.some((mark) => mark.expected !== null);
  const column = (head: string, numeric: boolean): Table["columns"][number] => ({
    head,
    numeric,
    detail: false,
  });
  return {
    caption: title,
    columns: [
      column("cell", false),
      ...(several ? [column(kind === "agreement" ? "varied" : "access", false)] : []),
      column(value, true),
      column(bounds, true),
      ...(forecasts ? [column(expected, true)] : []),
    ],
    rows: marks.map((mark) => [
      mark.name,
      ...(several ? [mark.series] : []),
      format(mark.value),
      mark.interval === null ? NOTHING : interval(mark.interval, format),
      ...(forecasts ? [mark.expected === null ? NOTHING : format(mark.expected)] : []),
    ]),
  };
}
