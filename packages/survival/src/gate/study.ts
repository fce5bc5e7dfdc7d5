/** The report of a study before the gate: every figure is a mean over keys, which are the unit of replication. */
import { type Evidence, normalQuantile } from "@verdigris/detector";
import { type KeyedValue, replicated } from "../lab/replication.js";
import type { Replicated, StudyCell, StudyReport } from "../lab/report.js";
import type { StudentRun } from "../lab/result.js";
import { studentHalfWidth } from "../lab/student-t.js";
import { cellName } from "../render/cell-name.js";
import { isForecast } from "../render/study-figures.js";
import type { Audit } from "../report.js";
import { canonicalJson } from "../store.js";
import type { Where } from "./budgets.js";
import type { Effect, Estimate, Subject, SubjectCell } from "./subject.js";

/** A study's report as the gate sees it. */
export function studySubject({ alpha, cells, controls }: StudyReport): Subject {
  const innocents = new Map<number, Evidence[]>();
  const add = (key: number, ...evidence: readonly Evidence[]): void => {
    innocents.set(key, [...(innocents.get(key) ?? []), ...evidence]);
  };
  for (const { runs } of controls.unmarkedTeacher) {
    for (const { key, audits } of runs) {
      const { oneStep, freeRun, openSoft, openArgmax } = audits;
      for (const audit of [oneStep, freeRun, openSoft, openArgmax])
        if (audit !== null) add(key, audit.evidence);
    }
  }
  for (const { key, closed } of controls.untrained) add(key, closed.evidence);
  for (const { key, withPromptRule } of controls.copier) add(key, withPromptRule);
  return { kind: "study", alpha, cells: cells.map(cellOf), innocents: [...innocents.values()] };
}

function cellOf(cell: StudyCell): SubjectCell {
  const { changes, setting, runs, id } = cell;
  return {
    name: cellName(changes),
    identity: id,
    isMarked: setting.rho > 0,
    isForecast: isForecast(cell),
    closed: effectOf(runs, ({ audits }) => audits.oneStep),
    open: effectOf(runs, ({ audits }) => audits.openSoft),
    inflation: inflationOf(runs),
    answersTo: (where) => answers(cell, where),
  };
}

function answers({ setting, runs }: StudyCell, { setting: levels = {}, ...where }: Where): boolean {
  const own: Readonly<Record<keyof typeof where, unknown>> = {
    profile: runs[0].teacher.profile,
    student: setting.student.kind,
    h: setting.mark.h,
    rho: setting.rho,
    served: setting.served,
  };
  const wanted = Object.entries(where) as [keyof typeof where, unknown][];
  return (
    wanted.every(([name, value]) => own[name] === value) &&
    Object.entries(levels).every(
      ([path, level]) => canonicalJson(levelAt(setting, path)) === canonicalJson(level),
    )
  );
}

/** The level at a path such as `mark.h`; undefined where it leads nowhere. */
function levelAt(setting: StudyCell["setting"], path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>(
      (at, step) => (at as Readonly<Record<string, unknown>> | null)?.[step],
      setting,
    );
}

type Runs = readonly StudentRun[];
type AuditOf = (run: StudentRun) => Audit;

function effectOf(runs: Runs, auditOf: AuditOf): Effect {
  const audits = runs.map(auditOf);
  const over = (figure: (audit: Audit, i: number) => number): readonly KeyedValue[] =>
    audits.map((audit, i) => ({ key: runs[i].key, value: figure(audit, i) }));
  const effects = over(({ evidence }) => evidence.effect);
  const errors = over(({ evidence }, i) => evidence.effect - runs[i].forecast.epsilon);
  const mean = replicated(effects);
  // What the audits' own sampling leaves of a mean: all that one key shows.
  const sampling = Math.hypot(...audits.map((audit) => audit.standardError)) / audits.length;
  const error = replicated(errors);
  const standardError = meanOf(audits.map((audit) => audit.standardError));
  return {
    value: mean.value,
    interval: mean.interval ?? around(mean.value, normalQuantile(0.025) * sampling),
    n: Math.round(meanOf(audits.map(({ evidence }) => evidence.n))),
    standardError,
    spread: Math.max(standardError, spreadOf(mean, effects)),
    forecast: meanOf(runs.map(({ forecast }) => forecast.epsilon)),
    error: { value: error.value, ...standardErrorOf(error, sampling) },
  };
}

function standardErrorOf(
  { value, interval, keys }: Replicated,
  sampling: number,
): Pick<Effect["error"], "standardError" | "degrees"> {
  if (interval === null) return { standardError: sampling, degrees: null };
  const degrees = keys - 1;
  const standardError = (interval.upper - value) / studentHalfWidth(0.95, degrees);
  return { standardError, degrees };
}

/** Standard deviation of one run under a key of its own; 0 where there is one run. */
function spreadOf({ value, between, within, runs }: Replicated, of: readonly KeyedValue[]): number {
  if (within !== null) return Math.hypot(between ?? 0, within);
  if (runs < 2) return 0;
  return Math.hypot(...of.map((run) => run.value - value)) / Math.sqrt(runs - 1);
}

/** Over keys; of a single key the widest interval of its runs. */
function inflationOf(runs: Runs): Estimate {
  const mean = replicated(
    runs.map(({ key, decoys }) => ({ key, value: decoys.varianceInflation })),
  );
  const lower = Math.min(...runs.map(({ decoys }) => decoys.varianceInterval[0]));
  const upper = Math.max(...runs.map(({ decoys }) => decoys.varianceInterval[1]));
  return { value: mean.value, interval: mean.interval ?? { lower, upper } };
}

function around(value: number, side: number): Estimate["interval"] {
  return { lower: value - side, upper: value + side };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
