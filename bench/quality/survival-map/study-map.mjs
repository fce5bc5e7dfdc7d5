// Cells of a summary by what they change, with the figures that the page gives of each.
import { normalQuantile } from "@verdigris/detector";
import { ratioOf, replicated } from "@verdigris/survival";

/** Tokens to decide at 1e-5 with power .9 are this over d². */
export const TO_DECIDE = (normalQuantile(1e-5) + normalQuantile(0.1)) ** 2;

/** A study's cells. */
export class StudyMap {
  constructor(summary) {
    this.summary = summary;
    this.cells = summary.cells.map((cell) => withFigures(cell, summary));
    this.byId = new Map(this.cells.map((cell) => [cell.id, cell]));
    this.byChanges = new Map(this.cells.map((cell) => [nameOf(cell.changes), cell]));
  }

  /** The cell with these changes. */
  at(changes) {
    const cell = this.byChanges.get(nameOf(changes));
    if (cell === undefined) throw new RangeError(`map: no cell ${nameOf(changes)}`);
    return cell;
  }

  /** The cell whose only change is this level of "keyring", "attack" or "mark", by a test of the level. */
  where(path, holds) {
    const found = this.alone(path).filter(({ changes }) => holds(changes[path]));
    if (found.length !== 1)
      throw new RangeError(`map: expected one cell of ${path}, got ${found.length}`);
    return found[0];
  }

  /** Cells that change nothing but this path. */
  alone(path) {
    return this.cells.filter(({ changes }) => Object.keys(changes).length === 1 && path in changes);
  }

  /** Cells that change these paths, all of them and no other. */
  crossing(...paths) {
    const wanted = paths.toSorted().join();
    return this.marked.filter(({ changes }) => Object.keys(changes).toSorted().join() === wanted);
  }

  /** Cells whose corpus has marked text. */
  get marked() {
    return this.cells.filter(({ setting }) => setting.rho > 0);
  }

  /** Cells whose students never saw the mark. */
  get unmarked() {
    return this.cells.filter(({ setting }) => setting.rho === 0);
  }

  /** The same cell without its attack. */
  before(cell) {
    return this.byId.get(cell.attack.unattacked);
  }
}

function nameOf(changes) {
  return JSON.stringify(Object.entries(changes).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** A cell with its runs as objects, d, N* and how far its forecast was off. */
function withFigures(cell, { fields, audit }) {
  const runs = cell.runs.map((row) =>
    Object.fromEntries(fields.map((field, i) => [field, row[i]])),
  );
  const { epsilon } = cell.access.oneStep;
  return {
    ...cell,
    runs,
    d: scaled(epsilon, cell.sigma),
    /** The same of texts that the student wrote freely, and the share of what it wrote that is scored. */
    free: freeFigures(cell, runs, audit),
    n: meanOf(runs, ({ n }) => n),
    off: over(runs, (run) => run.epsilon - run.forecast),
    offError: standardError(runs, (run) => run.epsilon - run.forecast),
  };
}

function freeFigures({ access, sigma }, runs, { freeRun }) {
  if (access.freeRun === null) return null;
  const scored = meanOf(runs, ({ freeN }) => freeN) / freeRun;
  return { d: scaled(access.freeRun.epsilon, sigma), scored };
}

/** A mean over keys of a figure of the runs, with its interval. */
export function over(runs, figure) {
  return replicated(runs.map((run) => ({ key: run.key, value: figure(run) })));
}

/** The mean of a figure under each key, in order of first appearance. */
export function meanByKey(runs, figure) {
  const keys = [...new Set(runs.map(({ key }) => key))];
  return keys.map((key) =>
    meanOf(
      runs.filter((run) => run.key === key),
      figure,
    ),
  );
}

/** Standard error over keys of the mean of a figure, seeds averaged. */
function standardError(runs, figure) {
  const means = meanByKey(runs, figure);
  const mean = means.reduce((sum, one) => sum + one, 0) / means.length;
  const squares = means.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  return Math.sqrt(squares / (means.length - 1) / means.length);
}

export function meanOf(runs, figure) {
  return runs.reduce((sum, run) => sum + figure(run), 0) / runs.length;
}

function scaled({ value, interval }, by) {
  const of = ({ lower, upper }) => ({ lower: lower / by, upper: upper / by });
  return { value: value / by, interval: interval && of(interval) };
}

/** N* of an effect size: null where its interval reaches 0, so that no number of tokens is known to suffice. */
export function tokensOf({ value, interval }) {
  const n = (d) => (d > 0 ? TO_DECIDE / d ** 2 : Infinity);
  return { value: n(value), least: n(interval.upper), most: n(interval.lower) };
}

/** What a change leaves of the excess of another cell at the same keys and seeds: a ratio of means over keys (Fieller). */
export function left(cell, before) {
  const [after, base] = [cell, before].map(({ runs }) => meanByKey(runs, ({ epsilon }) => epsilon));
  return ratioOf(after.map((numerator, i) => ({ numerator, denominator: base[i] })));
}
