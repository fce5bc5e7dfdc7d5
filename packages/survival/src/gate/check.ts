/** A finished report against its budgets, and against an earlier report. */
import { VerdigrisError } from "@verdigris/core";
import {
  type Interval,
  binomialLog10P,
  normalLog10Q,
  normalQuantile,
  rejects,
} from "@verdigris/detector";
import type { StudyReport } from "../lab/report.js";
import { studentHalfWidth } from "../lab/student-t.js";
import { compact, count, excess, hundredths, interval, plural } from "../page/format.js";
import type { Report } from "../report.js";
import type { Budgets, Where } from "./budgets.js";
import { experimentSubject } from "./experiment.js";
import { studySubject } from "./study.js";
import type { Effect, Estimate, Subject, SubjectCell } from "./subject.js";

/** One thing that was checked. */
export interface Check {
  readonly kind: "power" | "false-alarms" | "variance-inflation" | "forecast-error" | "baseline";
  /** The cell or control it is about; "all" if about the whole report. */
  readonly what: string;
  readonly holds: boolean;
  /** What was measured: a power, a count of false alarms or misses, a variance, an excess; null if there was nothing. */
  readonly value: number | null;
  /** 95 % interval of the value; null for a count. */
  readonly interval: Interval | null;
  /** What was found, and the budget, in words. */
  readonly found: string;
}

/**
 * Checks a report, of an experiment or of a study. A run of the same configuration gives the same report, so that figures
 * are held against their budgets as they are; against a baseline only a difference counts that the 95 % intervals do not
 * explain. @throws VerdigrisError CONFIG_INVALID for a budget that no cell answers to; RangeError for a baseline of another kind
 */
export function checkReport(
  report: Report | StudyReport,
  budgets: Budgets,
  baseline: Report | StudyReport | null = null,
): readonly Check[] {
  const subject = subjectOf(report);
  return [
    ...powerChecks(subject, budgets),
    ...falseAlarmChecks(subject, budgets),
    ...forecastChecks(subject, budgets),
    ...(baseline === null ? [] : baselineChecks(subject, subjectOf(baseline))),
  ];
}

function subjectOf(report: Report | StudyReport): Subject {
  return "kind" in report ? studySubject(report) : experimentSubject(report);
}

function powerChecks(subject: Subject, { power = [] }: Budgets): readonly Check[] {
  const marked = subject.cells.filter(({ isMarked }) => isMarked);
  return power.flatMap(({ where, least, alpha = subject.alpha }, i) =>
    chosen(marked, where, `budgets.power.${i}.where: expected a marked cell`).map(
      ({ name, closed }): Check => {
        const { value, interval: bounds } = powerOf(closed, alpha);
        return {
          kind: "power",
          what: name,
          holds: value >= least,
          value,
          interval: bounds,
          found: `power ${compact(value)} ${interval(bounds, compact)} at α = ${compact(alpha)} with ${count(closed.n)} tokens; at least ${compact(least)}`,
        };
      },
    ),
  );
}

/** The cells that a budget is for. @throws VerdigrisError CONFIG_INVALID if there is none */
function chosen(
  cells: readonly SubjectCell[],
  where: Where,
  expected: string,
): readonly SubjectCell[] {
  const found = cells.filter((cell) => cell.answersTo(where));
  if (found.length > 0) return found;
  const known = cells.map(({ name }) => name).join("; ");
  throw new VerdigrisError(
    "CONFIG_INVALID",
    `${expected} of the report (${known}), got ${JSON.stringify(where)}`,
  );
}

/** Chance that an audit of the same size rejects if the measured effect is the true one; its interval is the effect's. */
function powerOf(
  { value, interval: bounds, standardError, spread }: Effect,
  alpha: number,
): Estimate {
  const needed = normalQuantile(alpha) * standardError;
  const at = (effect: number): number =>
    standardError > 0 ? 10 ** normalLog10Q((needed - effect) / spread) : 0;
  return { value: at(value), interval: { lower: at(bounds.lower), upper: at(bounds.upper) } };
}

function falseAlarmChecks(subject: Subject, { falseAlarms }: Budgets): readonly Check[] {
  if (falseAlarms === undefined) return [];
  const { varianceInflation } = falseAlarms;
  const all = alarmCheck(subject, falseAlarms);
  if (varianceInflation === undefined) return [all];
  const [least, largest] = varianceInflation;
  const inflated = subject.cells.map(({ name, inflation }): Check => {
    const { value, interval: bounds } = inflation;
    return {
      kind: "variance-inflation",
      what: name,
      holds: bounds.lower <= largest && bounds.upper >= least,
      value,
      interval: bounds,
      found: `variance of z over wrong keys ${hundredths(value)} ${interval(bounds, hundredths)}; from ${compact(least)} to ${compact(largest)}`,
    };
  });
  return [all, ...inflated];
}

/**
 * Counts innocents that are detected. Tests of one key may depend on each other in any way, those of different keys do not:
 * the keys with an alarm are at most Binomial(keys, tests of a key · α).
 */
function alarmCheck(
  { innocents, alpha: own }: Subject,
  { most, chance, alpha = own }: NonNullable<Budgets["falseAlarms"]>,
): Check {
  const alarmsOf = (tests: readonly { readonly log10P: number }[]): number =>
    tests.filter(({ log10P }) => rejects(log10P, alpha)).length;
  const tests = innocents.reduce((sum, { length }) => sum + length, 0);
  const alarms = innocents.reduce((sum, of) => sum + alarmsOf(of), 0);
  const keys = innocents.filter((of) => alarmsOf(of) > 0).length;
  const rate = Math.min(1, alpha * Math.max(...innocents.map(({ length }) => length)));
  const bound = rate < 1 ? 10 ** binomialLog10P(keys, innocents.length, rate) : 1;
  const budget = [
    ...(most === undefined ? [] : [`at most ${most}`]),
    ...(chance === undefined ? [] : [`a chance of at least ${compact(chance)}`]),
  ];
  return {
    kind: "false-alarms",
    what: "all",
    holds: alarms <= (most ?? Infinity) && bound >= (chance ?? 0),
    value: alarms,
    interval: null,
    found:
      `${alarms} of ${tests} innocent controls detected at α = ${compact(alpha)}, under ${keys} of ${plural(innocents.length, "key")}` +
      `${keys === 0 ? "" : ` (chance of so many or more: at most ${compact(bound)})`}; ${budget.join(" and ")}`,
  };
}

function forecastChecks({ kind, cells }: Subject, { forecastError }: Budgets): readonly Check[] {
  if (forecastError === undefined) return [];
  const { where, standardErrors, relative, most } = forecastError;
  const forecast = cells.filter(({ isForecast }) => isForecast);
  const audits = chosen(forecast, where, "budgets.forecastError.where: expected a cell").flatMap(
    (cell) => (["closed", "open"] as const).map((access) => ({ cell, access, own: cell[access] })),
  );
  const missed = audits.filter(({ own: { forecast: expected, error } }) => {
    const reach = reachOf(standardErrors, error.degrees) * error.standardError;
    return Math.abs(error.value) > reach + relative * Math.abs(expected);
  });
  const misses = missed.map(
    ({ cell, access, own }) =>
      `${cell.name}, ${access}: ${excess(own.forecast)} forecast, ${excess(own.value)} ± ${excess(own.error.standardError)} measured`,
  );
  return [
    {
      kind: "forecast-error",
      what: "all",
      holds: missed.length <= most,
      value: missed.length,
      interval: null,
      found:
        `${missed.length} of ${audits.length} ${kind === "study" ? "means over keys" : "audits"} outside ${compact(standardErrors)} standard errors + ` +
        `${compact(100 * relative)} % of the forecast; at most ${most}${misses.length === 0 ? "" : ` (${misses.join("; ")})`}`,
    },
  ];
}

/** Beyond so many standard errors the level of a test is not told from 1. */
const FARTHEST = 8;

/** As far out, by Student's t, as so many standard errors are for a normal figure. */
function reachOf(standardErrors: number, degrees: number | null): number {
  if (degrees === null || standardErrors === 0) return standardErrors;
  const near = Math.min(standardErrors, FARTHEST);
  const t = studentHalfWidth(1 - 2 * 10 ** normalLog10Q(near), degrees);
  return (t * standardErrors) / near;
}

const NAMES = { experiment: "an experiment", study: "a study" } as const;

/** A cell regressed if its interval lies wholly below the baseline's; a cell that is gone cannot be told from one that did. */
function baselineChecks({ kind, cells }: Subject, baseline: Subject): readonly Check[] {
  if (kind !== baseline.kind)
    throw new RangeError(
      `baseline: expected the report of ${NAMES[kind]}, got that of ${NAMES[baseline.kind]}`,
    );
  const now = new Map(cells.map((cell) => [cell.identity, cell]));
  return baseline.cells.flatMap((before): readonly Check[] => {
    const own = now.get(before.identity);
    if (own !== undefined)
      return (["closed", "open"] as const).map((access) =>
        regression(`${before.name}, ${access}`, own[access], before[access]),
      );
    const found = "in the baseline, not in this run";
    const nothing = { holds: false, value: null, interval: null };
    return [{ kind: "baseline", what: before.name, ...nothing, found }];
  });
}

function regression(what: string, now: Estimate, before: Estimate): Check {
  const worse = now.interval.upper < before.interval.lower;
  const better = now.interval.lower > before.interval.upper;
  const change = worse ? "regressed" : better ? "higher than before" : "as before";
  return {
    kind: "baseline",
    what,
    holds: !worse,
    value: now.value,
    interval: now.interval,
    found: `ε ${excess(now.value)} ${interval(now.interval, excess)}, was ${excess(before.value)} ${interval(before.interval, excess)}: ${change}`,
  };
}
