import type {
  CopierControl,
  NonEmpty,
  TeacherControl,
  UntrainedControl,
  WrongKeysControl,
} from "../report.js";
import type { Capability } from "../training-attacks/index.js";
import type { AnswerPart, Finding } from "./audits/index.js";
import type { StudentRun } from "./result.js";
import type { Setting } from "./setting.js";

/** A mean over the runs of a cell, keys being the unit, and what it varies by. */
export interface Replicated {
  readonly value: number;
  /** 95 % interval by Student's t over the means of the keys; null with a single key. */
  readonly interval: { readonly lower: number; readonly upper: number } | null;
  readonly keys: number;
  readonly runs: number;
  /** Standard deviation between keys beyond that between runs (mixed model, by moments), and between runs of a key. */
  readonly between: number | null;
  readonly within: number | null;
}

/** What a cell shows under one access. */
export interface AccessSummary {
  readonly epsilon: Replicated;
  /** log10 p of the runs: each is a student of its own. Median, and the worst. */
  readonly log10P: { readonly median: number; readonly worst: number };
  /** z of the runs, mean. */
  readonly z: number;
  /** Runs with p ≤ α. */
  readonly detected: number;
}

/** One cell over its keys and seeds. */
export interface StudyCell {
  readonly id: string;
  /** What differs from the default cell: `path` to level. */
  readonly changes: Readonly<Record<string, unknown>>;
  readonly setting: Setting;
  readonly forecast: Replicated;
  /** N* by the mean forecast: median over the runs; null if nothing is forecast. */
  readonly forecastTokens: number | null;
  readonly access: {
    readonly oneStep: AccessSummary;
    readonly freeRun: AccessSummary | null;
    readonly openSoft: AccessSummary;
    readonly openArgmax: AccessSummary;
  };
  /** R = ε / Δ_T of the one-step audit. */
  readonly survivalRatio: Replicated;
  /** Share of the runs whose one-step audit is within 3 standard errors + 10 % of the forecast. */
  readonly withinForecast: number;
  /** Against the students of unmarked text, at the same keys and seeds. */
  readonly capability: { readonly control: string; readonly unmarked: Capability };
  /** Against the students that were not attacked; null if this cell has no attack. */
  readonly attack: { readonly unattacked: string; readonly capability: Capability } | null;
  /** Further audits over the runs; absent where the study asks for none. */
  readonly findings?: readonly FindingSummary[];
  readonly runs: NonEmpty<StudentRun>;
}

/** What one further audit found over the runs of a cell, and under wrong keys. */
export interface FindingSummary extends Omit<AccessSummary, "z"> {
  readonly audit: string;
  readonly test: string;
  readonly access: Finding["access"];
  /** Mean number of coins. */
  readonly n: number;
  /** Means over the runs. */
  readonly parts?: readonly Omit<AnswerPart, "log10P">[];
  /** Over the runs; rejected at .05. */
  readonly wrongKeys: { readonly keys: number; readonly rejected: number };
}

/** A control with the cell it belongs to. */
export type OfCell<T> = T & { readonly cell: string; readonly key: number; readonly seed: number };

/** The controls of statistics.md 12. None is optional: a study without them is not a report. */
export interface StudyControls {
  /** The cells whose students learned from the unmarked teacher (ρ = 0). */
  readonly unmarkedTeacher: NonEmpty<StudyCell>;
  readonly untrained: NonEmpty<OfCell<UntrainedControl>>;
  readonly wrongKeys: NonEmpty<OfCell<WrongKeysControl>>;
  readonly teacher: NonEmpty<OfCell<TeacherControl>>;
  readonly copier: NonEmpty<OfCell<CopierControl>>;
}

/** The result of a study. */
export interface StudyReport {
  readonly version: 1;
  readonly kind: "study";
  readonly name: string;
  readonly alpha: number;
  /** Digest of configuration and material: the same one gives the same report, byte for byte. */
  readonly digest: string;
  /** Digest of the forecasts, each of which was stored before its student was trained. */
  readonly forecastDigest: string;
  readonly nullHypothesis: string;
  readonly notice: string;
  readonly cells: NonEmpty<StudyCell>;
  readonly controls: StudyControls;
}
