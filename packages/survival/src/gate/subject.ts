/** What the gate judges, whatever kind of report it comes from. A new kind of report is one more file beside this one. */
import type { Evidence, Interval } from "@verdigris/detector";
import type { Where } from "./budgets.js";

/** A report as the gate sees it. */
export interface Subject {
  /** What the report is of. */
  readonly kind: "experiment" | "study";
  readonly alpha: number;
  readonly cells: readonly SubjectCell[];
  /** Suspects that never saw the mark, by the key they were tested with: coins of different keys are independent. */
  readonly innocents: readonly (readonly Evidence[])[];
}

/** One cell. */
export interface SubjectCell {
  /** How messages call it. */
  readonly name: string;
  /** The same in an earlier report of the same cell. */
  readonly identity: string;
  readonly isMarked: boolean;
  /** Whether the law has a forecast of it: of some attacks it has no closed form. */
  readonly isForecast: boolean;
  readonly closed: Effect;
  readonly open: Effect;
  /** Variance of z over wrong keys, with its 95 % interval. */
  readonly inflation: Estimate;
  answersTo(where: Where): boolean;
}

/** A figure with its 95 % interval. */
export interface Estimate {
  readonly value: number;
  readonly interval: Interval;
}

/** The excess of a cell's student under one access. */
export interface Effect extends Estimate {
  /** Scored tokens of one audit, and the standard error of its effect. */
  readonly n: number;
  readonly standardError: number;
  /** Standard deviation of the effect of an audit: its standard error, and what students and keys add where that is known. */
  readonly spread: number;
  readonly forecast: number;
  /** Measured − forecast; `degrees` of freedom of its standard error, null for one that was not estimated. */
  readonly error: {
    readonly value: number;
    readonly standardError: number;
    readonly degrees: number | null;
  };
}
