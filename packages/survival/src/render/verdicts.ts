import { rejects } from "@verdigris/detector";
import type { Cell, Report } from "../report.js";
import { compact, count, excess, interval, list, ratio, tenths } from "../page/format.js";

/** The cells of one kind of student at one context width and one choice of windows, by rising ρ. */
export interface Group {
  readonly name: string;
  readonly student: string;
  readonly h: number;
  readonly cells: readonly Cell[];
  /** Place among the groups of the report. */
  readonly index: number;
}

/** The groups of a report, in the order of its cells. */
export function groupsOf(cells: readonly Cell[]): readonly Group[] {
  const groups = new Map<string, Cell[]>();
  for (const cell of cells) {
    const name = armName(cell);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [cell]);
    else group.push(cell);
  }
  return [...groups].map(([name, own], index) => {
    const { student, h } = own[0];
    return { name, student, h, cells: own.toSorted((a, b) => a.rho - b.rho), index };
  });
}

/** How an arm is called in words; what does not apply to it is left out. */
export function armName(arm: {
  readonly student?: string;
  readonly h: number;
  readonly served?: number;
}): string {
  const { student, h, served = 0 } = arm;
  return `${student === undefined ? "" : `${student} `}h = ${h}${served === 0 ? "" : ` served ≥ ${served}`}`;
}

/** Above this, certainly, coins are not independent and the exact tail claims too much (statistics.md 7). */
export const USUAL_INFLATION = 1.1;

/** Decoys are too few to reach a small α; they must only not contradict the tail. */
const DECOYS_CONTRADICT = 0.05;

/** Whether the closed audit proves the mark: the tail rejects and the decoy keys do not contradict it. */
export function proves({ closed, decoys }: Cell, alpha: number): boolean {
  if (!rejects(closed.evidence.log10P, alpha)) return false;
  return (
    decoys.p <= Math.max(alpha, DECOYS_CONTRADICT) && decoys.varianceInterval[0] <= USUAL_INFLATION
  );
}

/** One sentence of verdict per student and h, and what stands behind it. */
export function verdicts({ cells, alpha }: Report): readonly string[] {
  return groupsOf(cells).map((group) => `${group.name}: ${verdict(group, alpha)}`);
}

function verdict({ cells }: Group, alpha: number): string {
  if (cells.some((cell) => cell.rho === 0 && rejects(cell.closed.evidence.log10P, alpha))) {
    return "no verdict, because the student of the unmarked teacher (ρ = 0) was itself detected.";
  }
  const marked = cells.filter((cell) => cell.rho > 0);
  if (marked.length === 0)
    return "nothing to prove, because no student was trained on marked text.";
  const proven = marked.filter((cell) => proves(cell, alpha));
  const sentences = [
    proven.length === 0 ? notProvable(marked, alpha) : provable(marked, proven),
    openVerdict(marked, alpha),
    agreement(cells),
  ];
  return sentences.join(" ");
}

function provable(marked: readonly Cell[], proven: readonly Cell[]): string {
  const most = proven[proven.length - 1];
  const { value, interval: bounds } = most.survivalRatio;
  return (
    `provable ${shares(marked, proven)}. At ρ = ${rho(most)} the student keeps R = ${ratio(value)} ` +
    `${interval(bounds, ratio)} of the teacher's mark: log10 p = ${tenths(most.closed.evidence.log10P)} ` +
    `from ${count(most.closed.evidence.n)} tokens.`
  );
}

function notProvable(marked: readonly Cell[], alpha: number): string {
  const best = marked.reduce((a, b) =>
    b.closed.evidence.log10P <= a.closed.evidence.log10P ? b : a,
  );
  const { evidence, standardError } = best.closed;
  const why = rejects(evidence.log10P, alpha)
    ? "the decoy keys contradict it"
    : `log10 p = ${tenths(evidence.log10P)} where ${tenths(Math.log10(alpha))} is needed`;
  const needed =
    best.forecastTokens === null
      ? "the forecast names no number of tokens that would decide"
      : `the forecast asks for ${count(best.forecastTokens)} tokens`;
  return (
    `not provable at this size: at best, at ρ = ${rho(best)}, ε = ${excess(evidence.effect)} ± ` +
    `${excess(standardError)}, ${why}; ${count(evidence.n)} tokens were scored, ${needed}.`
  );
}

function openVerdict(marked: readonly Cell[], alpha: number): string {
  const proven = marked.filter((cell) => rejects(cell.open.evidence.log10P, alpha));
  if (proven.length === 0) return "Its probabilities prove nothing either way.";
  return `Its probabilities prove it ${shares(marked, proven)}.`;
}

function agreement(cells: readonly Cell[]): string {
  const agreeing = cells.filter((cell) => cell.closed.withinForecast).length;
  return `The forecast agrees in ${agreeing} of ${cells.length} cells.`;
}

/** "from ρ = a on" if all larger shares are proven too, else the shares one by one. Both by rising ρ. */
function shares(marked: readonly Cell[], proven: readonly Cell[]): string {
  const last = proven.length === 1 && proven[0] === marked[marked.length - 1];
  const without = marked
    .slice(marked.length - proven.length)
    .some((cell) => !proven.includes(cell));
  return last || without ? `at ρ = ${list(proven.map(rho))}` : `from ρ = ${rho(proven[0])} on`;
}

const rho = (cell: Cell): string => compact(cell.rho, 6);
