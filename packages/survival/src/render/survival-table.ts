import type { Cell } from "../report.js";
import type { Column } from "../page/page.js";
import { compact, count, excess, hundredths, interval, ratio, tenths } from "../page/format.js";

/** A column of the survival table, and what it shows of a cell. */
export interface SurvivalColumn extends Column {
  readonly show: (cell: Cell) => string;
}

/** The survival table, left to right. A new column is a line here. */
export const SURVIVAL_COLUMNS: readonly SurvivalColumn[] = [
  { ...words("student"), show: ({ student }) => student },
  { ...number("h"), show: ({ h }) => String(h) },
  { ...number("ρ"), show: ({ rho }) => compact(rho, 6) },
  { ...number("served"), show: ({ served }) => (served === 0 ? "any" : `≥ ${served}`) },
  { ...number("ε forecast"), show: ({ forecast }) => excess(forecast.epsilon) },
  {
    ...number("ε measured"),
    show: ({ closed }) => `${excess(closed.evidence.effect)} ± ${excess(closed.standardError)}`,
  },
  { ...detail("ε open"), show: ({ open }) => excess(open.evidence.effect) },
  { ...number("z"), show: ({ closed }) => tenths(closed.evidence.zScore) },
  { ...number("log10 p"), show: ({ closed }) => tenths(closed.evidence.log10P) },
  { ...number("open log10 p"), show: ({ open }) => tenths(open.evidence.log10P) },
  { ...number("decoy p"), show: ({ decoys }) => compact(decoys.p) },
  { ...number("VIF"), show: ({ decoys }) => hundredths(decoys.varianceInflation) },
  { ...number("R"), show: ({ survivalRatio }) => ratio(survivalRatio.value) },
  { ...detail("R, 95 %"), show: ({ survivalRatio }) => interval(survivalRatio.interval, ratio) },
  { ...number("N*"), show: ({ forecastTokens }) => count(forecastTokens) },
  { ...number("loss"), show: ({ loss }) => hundredths(loss) },
  { ...words("agrees"), show: ({ closed }) => (closed.withinForecast ? "yes" : "no") },
];

function words(head: string): Column {
  return { head, numeric: false, detail: false };
}

function number(head: string): Column {
  return { head, numeric: true, detail: false };
}

function detail(head: string): Column {
  return { head, numeric: true, detail: true };
}
