import { rejects } from "@verdigris/detector";
import type { AnswerPart, Finding } from "./audits/index.js";
import { medianOf, replicated } from "./replication.js";
import type { FindingSummary } from "./report.js";
import type { StudentRun } from "./result.js";

/** Further audits over the runs of a cell, in the order in which they were made; null if there are none. */
export function findingSummaries(
  runs: readonly StudentRun[],
  alpha: number,
): readonly FindingSummary[] | null {
  if (runs.every(({ findings }) => findings === undefined)) return null;
  const groups = new Map<string, KeyedFinding[]>();
  for (const { key, findings = [] } of runs) {
    for (const finding of findings) {
      const name = `${finding.audit} ${finding.test} ${finding.access}`;
      groups.set(name, [...(groups.get(name) ?? []), { key, finding }]);
    }
  }
  return [...groups.values()].map((own) => summaryOf(own, alpha));
}

interface KeyedFinding {
  readonly key: number;
  readonly finding: Finding;
}

function summaryOf(own: readonly KeyedFinding[], alpha: number): FindingSummary {
  const [{ finding: first }] = own;
  const { audit, test, access } = first;
  const log10P = own.map(({ finding }) => finding.log10P);
  const total = (of: (finding: Finding) => number): number =>
    own.reduce((sum, { finding }) => sum + of(finding), 0);
  return {
    audit,
    test,
    access,
    n: total(({ n }) => n) / own.length,
    epsilon: replicated(own.map(({ key, finding }) => ({ key, value: finding.effect }))),
    log10P: { median: medianOf(log10P), worst: Math.max(...log10P) },
    detected: log10P.filter((one) => rejects(one, alpha)).length,
    ...(first.parts !== undefined && { parts: meanParts(own.map(({ finding }) => finding)) }),
    wrongKeys: {
      keys: total(({ wrongKeys }) => wrongKeys.keys),
      rejected: total(({ wrongKeys }) => wrongKeys.rejected),
    },
  };
}

/** The parts of one test have the same names in every run. */
function meanParts(findings: readonly Finding[]): readonly Omit<AnswerPart, "log10P">[] {
  const [{ parts = [] }] = findings;
  return parts.map(({ name }, i) => {
    const mean = (of: (part: AnswerPart) => number): number =>
      findings.reduce((sum, finding) => sum + of((finding.parts ?? [])[i]), 0) / findings.length;
    return { name, n: mean(({ n }) => n), effect: mean(({ effect }) => effect) };
  });
}
