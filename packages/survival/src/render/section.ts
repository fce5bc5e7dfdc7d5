import type { Table } from "../page/page.js";
import type { Figure } from "./study-figures.js";

/** One section: a heading, then what it says, in this order. */
export interface Section {
  readonly kind:
    | "question"
    | "survival"
    | "curves"
    | "audits"
    | "verdicts"
    | "controls"
    | "notice"
    | "record";
  readonly heading: string;
  readonly paragraphs: readonly string[];
  readonly points: readonly string[];
  readonly table: Table | null;
  /** Drawn, or in letters where no picture can be. */
  readonly figures: readonly Figure[];
}

/** A report in words and tables. */
export interface Content {
  readonly title: string;
  readonly sections: readonly Section[];
}

/** A section without anything in it. */
export const EMPTY = { paragraphs: [], points: [], table: null, figures: [] } as const;
