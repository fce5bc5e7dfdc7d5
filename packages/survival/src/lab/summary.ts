/** From student runs to a report. Nothing is drawn or trained here. */
import { NULL_HYPOTHESIS, WHAT_A_REJECTION_SAYS, rejects } from "@verdigris/detector";
import { type Audit, type NonEmpty, nonEmpty } from "../report.js";
import { digestOf } from "../store.js";
import { capabilityOf } from "../training-attacks/index.js";
import { findingSummaries } from "./finding-summary.js";
import { type GridCell, unattackedOf } from "./grid.js";
import type { StudyPlan } from "./plan.js";
import { medianOf, replicated } from "./replication.js";
import type {
  AccessSummary,
  OfCell,
  Replicated,
  StudyCell,
  StudyControls,
  StudyReport,
} from "./report.js";
import type { StudentRun } from "./result.js";

/** The report of a study. @throws RangeError if a run is missing, or a control of statistics.md 12 */
export function reportOf(plan: StudyPlan, results: ReadonlyMap<string, StudentRun>): StudyReport {
  const runsOf = new Map<string, StudentRun[]>(plan.cells.map(({ id }) => [id, []]));
  for (const { id, cell } of plan.runs) {
    const result = results.get(id);
    if (result === undefined) throw new RangeError(`results: expected one of run ${id}, got none`);
    runsOf.get(cell.id)?.push(result);
  }
  const runs = (cell: string): NonEmpty<StudentRun> =>
    nonEmpty(`runs of ${cell}`, runsOf.get(cell) ?? []);
  const cells = nonEmpty(
    "cells",
    plan.cells.map((cell) => cellOf(cell, runs, plan.study.alpha)),
  );
  return {
    version: 1,
    kind: "study",
    name: plan.study.name,
    alpha: plan.study.alpha,
    digest: plan.digest,
    forecastDigest: digestOf(cells.map((cell) => cell.runs.map(({ forecast }) => forecast))),
    nullHypothesis: NULL_HYPOTHESIS,
    notice: WHAT_A_REJECTION_SAYS,
    cells,
    controls: controlsOf(cells),
  };
}

type RunsOf = (cell: string) => NonEmpty<StudentRun>;

function cellOf(cell: GridCell, runsOf: RunsOf, alpha: number): StudyCell {
  const runs = runsOf(cell.id);
  const over = (figure: (run: StudentRun) => number): Replicated =>
    replicated(runs.map((run) => ({ key: run.key, value: figure(run) })));
  const access = (audit: (run: StudentRun) => Omit<Audit, "withinForecast">): AccessSummary =>
    accessOf(runs, audit, alpha);
  const tokens = runs.flatMap(({ forecastTokens }) => forecastTokens ?? []);
  const unattacked = unattackedOf(cell.setting);
  const findings = findingSummaries(runs, alpha);
  return {
    id: cell.id,
    changes: cell.changes,
    setting: cell.setting,
    forecast: over(({ forecast }) => forecast.epsilon),
    forecastTokens: tokens.length === 0 ? null : medianOf(tokens),
    access: {
      oneStep: access(({ audits }) => audits.oneStep),
      freeRun: runs[0].audits.freeRun === null ? null : access(freeRunOf),
      openSoft: access(({ audits }) => audits.openSoft),
      openArgmax: access(({ audits }) => audits.openArgmax),
    },
    survivalRatio: over(({ audits, forecast: { deltaT } }) =>
      deltaT === 0 ? 0 : audits.oneStep.evidence.effect / deltaT,
    ),
    withinForecast: share(runs, ({ audits }) => audits.oneStep.withinForecast),
    capability: { control: cell.control, unmarked: capability(runs, runsOf(cell.control)) },
    attack:
      unattacked === null ? null : { unattacked, capability: capability(runs, runsOf(unattacked)) },
    ...(findings !== null && { findings }),
    runs,
  };
}

function freeRunOf({ audits: { freeRun } }: StudentRun): Omit<Audit, "withinForecast"> {
  if (freeRun === null) throw new RangeError("freeRun: expected one in every run of a cell");
  return freeRun;
}

function accessOf(
  runs: readonly StudentRun[],
  audit: (run: StudentRun) => Omit<Audit, "withinForecast">,
  alpha: number,
): AccessSummary {
  const evidence = runs.map((run) => audit(run).evidence);
  const log10P = evidence.map((own) => own.log10P);
  return {
    epsilon: replicated(runs.map((run, i) => ({ key: run.key, value: evidence[i].effect }))),
    log10P: { median: medianOf(log10P), worst: Math.max(...log10P) },
    z: evidence.reduce((sum, { zScore }) => sum + zScore, 0) / runs.length,
    detected: log10P.filter((own) => rejects(own, alpha)).length,
  };
}

/** By mean losses over the runs of both cells, which have the same keys and seeds. */
function capability(
  runs: readonly StudentRun[],
  reference: readonly StudentRun[],
): ReturnType<typeof capabilityOf> {
  const mean = (of: readonly StudentRun[], loss: "loss" | "untrainedLoss"): number =>
    of.reduce((sum, run) => sum + run[loss], 0) / of.length;
  return capabilityOf({
    untrained: mean(runs, "untrainedLoss"),
    unattacked: mean(reference, "loss"),
    attacked: mean(runs, "loss"),
  });
}

function share<T>(items: readonly T[], holds: (item: T) => boolean): number {
  return items.filter(holds).length / items.length;
}

/** The controls of all cells. */
function controlsOf(cells: readonly StudyCell[]): StudyControls {
  const unmarked = cells.filter(({ setting }) => setting.rho === 0);
  const each = <T>(
    name: string,
    of: readonly StudyCell[],
    control: (run: StudentRun, cell: StudyCell) => T | undefined,
  ): NonEmpty<OfCell<T>> =>
    nonEmpty(
      name,
      of.flatMap((cell) =>
        cell.runs.flatMap((run) => {
          const own = control(run, cell);
          return own === undefined ? [] : [{ ...own, cell: cell.id, key: run.key, seed: run.seed }];
        }),
      ),
    );
  return {
    unmarkedTeacher: nonEmpty("unmarkedTeacher", unmarked),
    untrained: each("untrained", unmarked, ({ innocents }) => innocents?.untrained),
    wrongKeys: each("wrongKeys", cells, ({ decoys, teacher: { profile, h } }, { setting }) => ({
      profile,
      h,
      student: setting.student.kind,
      decoys,
    })),
    teacher: each("teacher", cells, ({ teacher }) => teacher),
    copier: each("copier", unmarked, ({ innocents }) => innocents?.copier),
  };
}
