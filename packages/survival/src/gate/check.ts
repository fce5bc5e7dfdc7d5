/** A finished report against its budgets, and against an earlier report. */
import { type Interval, normalLog10Q, normalQuantile, rejects } from "@verdigris/detector";
import { VerdigrisError } from "@verdigris/core";
import { compact, count, excess, hundredths, interval } from "../page/format.js";
import { armName } from "../render/verdicts.js";
import type { Audit, Cell, Report } from "../report.js";
import type { Budgets, Where } from "./budgets.js";

/** One thing that was checked. */
export interface Check {
  readonly kind: "power" | "false-alarms" | "variance-inflation" | "forecast-error" | "baseline";
  /** The cell or control it is about; "all" if about the whole report. */
  readonly what: string;
  readonly holds: boolean;
  /** What was found, and the budget. */
  readonly found: string;
}

/**
 * Checks a report. A run of the same configuration gives the same report, so that figures are held against their
 * budgets as they are; against a baseline only a difference counts that the 95 % intervals do not explain.
 * @throws VerdigrisError CONFIG_INVALID for a budget that no cell answers to
 */
export function checkReport(
  report: Report,
  budgets: Budgets,
  baseline: Report | null = null,
): readonly Check[] {
  return [
    ...powerChecks(report, budgets),
    ...falseAlarmChecks(report, budgets),
    ...forecastChecks(report, budgets),
    ...(baseline === null ? [] : baselineChecks(report, baseline)),
  ];
}

function powerChecks({ cells, alpha }: Report, { power = [] }: Budgets): readonly Check[] {
  return power.flatMap(({ where, least, alpha: own = alpha }, i) => {
    const chosen = cells.filter((cell) => cell.rho > 0 && matches(cell, where));
    if (chosen.length === 0) {
      const known = cells.filter(({ rho }) => rho > 0).map(nameOf);
      throw new VerdigrisError(
        "CONFIG_INVALID",
        `budgets.power.${i}.where: expected a marked cell of the report (${known.join("; ")}), got ${JSON.stringify(where)}`,
      );
    }
    return chosen.map((cell): Check => {
      const { value, lower, upper } = powerOf(cell.closed, own);
      return {
        kind: "power",
        what: nameOf(cell),
        holds: value >= least,
        found: `power ${compact(value)} ${interval({ lower, upper }, compact)} at α = ${compact(own)} with ${count(cell.closed.evidence.n)} tokens; at least ${compact(least)}`,
      };
    });
  });
}

/** Chance that an audit of the same size rejects if the measured effect is the true one; its interval is the effect's. */
function powerOf(
  { evidence, standardError, interval: bounds }: Audit,
  alpha: number,
): Interval & { readonly value: number } {
  const critical = normalQuantile(alpha);
  const at = (effect: number): number =>
    standardError > 0 ? 10 ** normalLog10Q(critical - effect / standardError) : 0;
  return { value: at(evidence.effect), lower: at(bounds.lower), upper: at(bounds.upper) };
}

function falseAlarmChecks(
  { controls, cells, alpha }: Report,
  { falseAlarms }: Budgets,
): readonly Check[] {
  if (falseAlarms === undefined) return [];
  const { most, varianceInflation } = falseAlarms;
  const innocent = [
    ...controls.unmarkedTeacher.flatMap(({ closed, open }) => [closed.evidence, open.evidence]),
    ...controls.untrained.map(({ closed }) => closed.evidence),
    ...controls.copier.map(({ withPromptRule }) => withPromptRule),
  ];
  const alarms = innocent.filter(({ log10P }) => rejects(log10P, alpha)).length;
  const all: Check = {
    kind: "false-alarms",
    what: "all",
    holds: alarms <= most,
    found: `${alarms} of ${innocent.length} innocent controls detected at α = ${compact(alpha)}; at most ${most}`,
  };
  if (varianceInflation === undefined) return [all];
  const [least, largest] = varianceInflation;
  const inflated = cells.map((cell): Check => {
    const { varianceInflation: value, varianceInterval } = cell.decoys;
    const [lower, upper] = varianceInterval;
    return {
      kind: "variance-inflation",
      what: nameOf(cell),
      holds: lower <= largest && upper >= least,
      found: `variance of z over wrong keys ${hundredths(value)} ${interval({ lower, upper }, hundredths)}; from ${compact(least)} to ${compact(largest)}`,
    };
  });
  return [all, ...inflated];
}

function forecastChecks({ cells }: Report, { forecastError }: Budgets): readonly Check[] {
  if (forecastError === undefined) return [];
  const { standardErrors, relative, most } = forecastError;
  const audits = cells.flatMap((cell) =>
    (["closed", "open"] as const).map((access) => ({ cell, access, audit: cell[access] })),
  );
  const missed = audits.filter(({ cell: { forecast }, audit: { evidence, standardError } }) => {
    const allowed = standardErrors * standardError + relative * Math.abs(forecast.epsilon);
    return Math.abs(evidence.effect - forecast.epsilon) > allowed;
  });
  const misses = missed.map(
    ({ cell, access, audit }) =>
      `${nameOf(cell)}, ${access}: ${excess(cell.forecast.epsilon)} forecast, ${excess(audit.evidence.effect)} ± ${excess(audit.standardError)} measured`,
  );
  return [
    {
      kind: "forecast-error",
      what: "all",
      holds: missed.length <= most,
      found:
        `${missed.length} of ${audits.length} audits outside ${compact(standardErrors)} standard errors + ` +
        `${compact(100 * relative)} % of the forecast; at most ${most}${misses.length === 0 ? "" : ` (${misses.join("; ")})`}`,
    },
  ];
}

/** A cell regressed if its interval lies wholly below the baseline's; a cell that is gone cannot be told from one that did. */
function baselineChecks({ cells }: Report, baseline: Report): readonly Check[] {
  return baseline.cells.flatMap((before): readonly Check[] => {
    const what = nameOf(before);
    const now = cells.find((cell) => matches(cell, before) && cell.tokens === before.tokens);
    if (now === undefined) {
      return [{ kind: "baseline", what, holds: false, found: "in the baseline, not in this run" }];
    }
    return (["closed", "open"] as const).map((access) => {
      const [a, b] = [before[access], now[access]];
      const worse = b.interval.upper < a.interval.lower;
      const better = b.interval.lower > a.interval.upper;
      const change = worse ? "regressed" : better ? "higher than before" : "as before";
      return {
        kind: "baseline",
        what: `${what}, ${access}`,
        holds: !worse,
        found: `ε ${excess(b.evidence.effect)} ${interval(b.interval, excess)}, was ${excess(a.evidence.effect)} ${interval(a.interval, excess)}: ${change}`,
      };
    });
  });
}

function matches(cell: Cell, { profile, student, h, rho, served }: Where): boolean {
  const wanted = [
    [profile, cell.profile],
    [student, cell.student],
    [h, cell.h],
    [rho, cell.rho],
    [served, cell.served],
  ];
  return wanted.every(([value, own]) => value === undefined || value === own);
}

function nameOf(cell: Cell): string {
  return `${armName(cell)}, ρ = ${compact(cell.rho, 6)}`;
}
