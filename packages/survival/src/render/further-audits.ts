/** Further audits of a study, and their controls. Nothing where the study asked for none. */
import type { FindingSummary, StudyCell, StudyReport } from "../lab/report.js";
import type { Finding } from "../lab/result.js";
import { count, excess, tenths } from "../page/format.js";
import { cellName } from "./cell-name.js";
import { EMPTY, type Section } from "./section.js";
import { replicated, testedRow, text, verdictOf } from "./study-words.js";

const LEGEND =
  "Further audits of the same students. ε is in the test's own weights, over keys as above. A test by strata looks at windows apart by how often " +
  "they were served; in brackets the mean excess of each. Wrong keys says how often the same test rejects at .05 under keys that nobody used.";

/** A section with a row for each cell and test. */
export function furtherAudits({ cells }: StudyReport): readonly Section[] {
  const rows = cells.flatMap((cell) =>
    (cell.findings ?? []).map((finding) => rowOf(cell, finding)),
  );
  if (rows.length === 0) return [];
  const number = (head: string): ReturnType<typeof text> => ({ ...text(head), numeric: true });
  return [
    {
      ...EMPTY,
      kind: "audits",
      heading: "Further audits",
      paragraphs: [LEGEND],
      table: {
        caption: "What each further audit found in each cell",
        columns: [
          text("cell"),
          text("audit"),
          number("n"),
          number("ε"),
          number("log10 p"),
          number("found"),
          number("wrong keys"),
        ],
        rows,
      },
    },
  ];
}

function rowOf({ changes, runs }: StudyCell, finding: FindingSummary): readonly string[] {
  const { test, access, epsilon, log10P, detected, parts = [], wrongKeys } = finding;
  const own = parts.map((part) => `${part.name}: ${excess(part.effect)}`);
  return [
    cellName(changes),
    `${test}, ${access}`,
    count(finding.n),
    [replicated(epsilon, excess), ...(own.length === 0 ? [] : [`(${own.join("; ")})`])].join(" "),
    tenths(log10P.median),
    `${detected}/${runs.length}`,
    `${wrongKeys.rejected}/${wrongKeys.keys}`,
  ];
}

/** Rows of the table of controls: students without the mark, students before training, wrong keys. */
export function furtherControls({
  cells,
  controls,
  alpha,
}: StudyReport): readonly (readonly string[])[] {
  const unmarked = controls.unmarkedTeacher.flatMap(({ runs }) => runs);
  const taught = testsOf(unmarked.flatMap(({ findings = [] }) => findings));
  const before = testsOf(unmarked.flatMap(({ innocents }) => innocents?.findings ?? []));
  const row = (name: string, of: readonly Pick<Finding, "log10P">[]): readonly string[] =>
    testedRow([name, "none", of.map((evidence) => ({ evidence }))], alpha);
  const summaries = testsOf(cells.flatMap(({ findings = [] }) => findings));
  return [
    ...[...taught].map(([name, of]) => row(`${name}: student of unmarked text`, of)),
    ...[...before].map(([name, of]) => row(`${name}: student before training`, of)),
    ...[...summaries].map(wrongKeysRow),
  ];
}

type Found = Pick<FindingSummary, "test" | "access">;

function testsOf<T extends Found>(findings: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const out = new Map<string, T[]>();
  for (const finding of findings) {
    const name = `${finding.test}, ${finding.access}`;
    out.set(name, [...(out.get(name) ?? []), finding]);
  }
  return out;
}

/** At most .05 of wrong keys may be rejected, and three standard errors; cells of one run share their windows. */
function wrongKeysRow([name, of]: readonly [string, readonly FindingSummary[]]): readonly string[] {
  const keys = of.reduce((sum, { wrongKeys }) => sum + wrongKeys.keys, 0);
  const rejected = of.reduce((sum, { wrongKeys }) => sum + wrongKeys.rejected, 0);
  const independent = keys / of.length;
  const most = 0.05 + 3 * Math.sqrt((0.05 * 0.95) / independent);
  const share = rejected / keys;
  const verdict = verdictOf(share <= most);
  return [
    `${name}: wrong keys`,
    String(keys),
    `${verdict}: ${rejected} of ${keys} found at .05, at most a share of ${most.toFixed(2)} expected`,
  ];
}
