/** The report of an experiment before the gate: one key, one student a cell. */
import { compact } from "../page/format.js";
import { armName } from "../render/verdicts.js";
import type { Audit, Cell, Report } from "../report.js";
import type { Where } from "./budgets.js";
import type { Effect, Subject, SubjectCell } from "./subject.js";

/** An experiment's report as the gate sees it. */
export function experimentSubject({ alpha, cells, controls }: Report): Subject {
  return {
    kind: "experiment",
    alpha,
    cells: cells.map(cellOf),
    innocents: [
      [
        ...controls.unmarkedTeacher.flatMap(({ closed, open }) => [closed.evidence, open.evidence]),
        ...controls.untrained.map(({ closed }) => closed.evidence),
        ...controls.copier.map(({ withPromptRule }) => withPromptRule),
      ],
    ],
  };
}

function cellOf(cell: Cell): SubjectCell {
  const { profile, student, h, rho, served, tokens, forecast, decoys } = cell;
  const [lower, upper] = decoys.varianceInterval;
  const own = { profile, student, h, rho, served };
  return {
    name: `${armName(cell)}, ρ = ${compact(rho, 6)}`,
    identity: JSON.stringify({ ...own, tokens }),
    isMarked: rho > 0,
    isForecast: true,
    closed: effectOf(cell.closed, forecast.epsilon),
    open: effectOf(cell.open, forecast.epsilon),
    inflation: { value: decoys.varianceInflation, interval: { lower, upper } },
    answersTo: (where) => answers(own, where),
  };
}

function answers(own: Omit<Where, "setting">, { setting, ...where }: Where): boolean {
  const wanted = Object.entries(where) as [keyof typeof own, unknown][];
  return setting === undefined && wanted.every(([name, value]) => own[name] === value);
}

function effectOf({ evidence, standardError, interval }: Audit, forecast: number): Effect {
  return {
    value: evidence.effect,
    interval,
    n: evidence.n,
    standardError,
    spread: standardError,
    forecast,
    error: { value: evidence.effect - forecast, standardError, degrees: null },
  };
}
