import { type Evidence, rejects } from "@verdigris/detector";
import type {
  CopierControl,
  Report,
  TeacherControl,
  UntrainedControl,
  WrongKeysControl,
} from "../report.js";
import { compact, count, excess, hundredths, plural, tenths } from "../page/format.js";
import { USUAL_INFLATION, armName } from "./verdicts.js";

/** One control of one arm. */
export interface ControlRow {
  readonly control: string;
  readonly arm: string;
  readonly holds: boolean;
  readonly verdict: string;
}

/** Every control of a report, in the order a reader should doubt. */
export function controlRows(report: Report): readonly ControlRow[] {
  const { alpha, controls } = report;
  return [
    ...controls.unmarkedTeacher.map((cell) =>
      row("unmarked teacher, ρ = 0", cell, innocent(cell.closed.evidence, alpha)),
    ),
    ...controls.untrained.map((control) =>
      row("untrained student", control, untrained(control, report)),
    ),
    ...controls.wrongKeys.map((control) => row("wrong keys", control, wrongKeys(control))),
    ...controls.teacher.map((control) => row("teacher itself", control, teacher(control, alpha))),
    ...controls.copier.map((control) => row("innocent copier", control, copier(control, alpha))),
  ];
}

/** Whether the rest of the report may be read at all. */
export function controlsSummary(report: Report): string {
  const rows = controlRows(report);
  const failed = rows.filter(({ holds }) => !holds).length;
  if (failed === 0) return `All ${rows.length} controls hold.`;
  return `${failed} of ${plural(rows.length, "control")} FAILED: what the report says of these arms is not to be relied on.`;
}

type Finding = Pick<ControlRow, "holds" | "verdict">;

function row(control: string, arm: Parameters<typeof armName>[0], finding: Finding): ControlRow {
  return { control, arm: armName(arm), ...finding };
}

function innocent(evidence: Evidence, alpha: number): Finding {
  const holds = !rejects(evidence.log10P, alpha);
  const verdict = `${holds ? "not detected, as it must be" : "detected, although nothing marked was learned"} (${figures(evidence)}).`;
  return { holds, verdict };
}

function untrained(
  { closed, loss, profile, student }: UntrainedControl,
  { cells, alpha }: Report,
): Finding {
  const finding = innocent(closed.evidence, alpha);
  const trained = cells.filter((cell) => cell.profile === profile && cell.student === student);
  const worst = trained.reduce((most, cell) => Math.max(most, cell.loss), 0);
  const learned = worst < loss;
  const comparison = `Its held-out loss is ${hundredths(loss)} nats per token; training brought it to ${hundredths(worst)} or less`;
  const verdict = learned
    ? `${comparison}.`
    : `Its held-out loss is ${hundredths(loss)} nats per token; training did not lower it everywhere.`;
  return { holds: finding.holds && learned, verdict: `${finding.verdict} ${verdict}` };
}

/** The mean of z over B keys has variance VIF / B; 3 of its standard errors are allowed. */
function wrongKeys({ decoys }: WrongKeysControl): Finding {
  const { keys, meanZ, varianceInflation, varianceInterval, p } = decoys;
  const centred = Math.abs(meanZ) <= 3 * Math.sqrt(varianceInflation / Math.max(1, keys));
  const independent =
    varianceInterval[0] <= USUAL_INFLATION && varianceInterval[1] >= 2 - USUAL_INFLATION;
  const holds = centred && independent;
  const words = holds ? "z looks standard normal" : "z does not look standard normal";
  const verdict =
    `${words} over ${plural(keys, "wrong key")} (mean z = ${hundredths(meanZ)}, VIF = ${hundredths(varianceInflation)}); ` +
    `the right key ranks at p = ${compact(p)} among them.`;
  return { holds, verdict };
}

function teacher({ evidence, tokens, deltaT }: TeacherControl, alpha: number): Finding {
  const holds = rejects(evidence.log10P, alpha);
  const words = holds ? "detected, as it must be" : "not detected, so there was no mark to inherit";
  return {
    holds,
    verdict: `${words} (${figures(evidence)}; ${count(tokens)} tokens, Δ_T = ${excess(deltaT)}).`,
  };
}

function copier({ withPromptRule, withoutPromptRule }: CopierControl, alpha: number): Finding {
  const finding = innocent(withPromptRule, alpha);
  const without = rejects(withoutPromptRule.log10P, alpha)
    ? "a detector that ignores prompts would have accused it"
    : "a detector that ignores prompts would not have accused it either";
  const verdict = `with the prompt rule ${finding.verdict} Without it, ${without} (${figures(withoutPromptRule)}).`;
  return { holds: finding.holds, verdict };
}

function figures({ n, zScore, log10P }: Evidence): string {
  return `z = ${tenths(zScore)}, log10 p = ${tenths(log10P)}, n = ${count(n)}`;
}
