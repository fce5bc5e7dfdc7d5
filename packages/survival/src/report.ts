import type { DecoyTest, Evidence, Interval, OpenEvidence } from "@verdigris/detector";
import type { Forecast } from "./law.js";

/** One audit of one student. */
export interface Audit<E extends Evidence = Evidence> {
  readonly evidence: E;
  /** Standard error of the effect. */
  readonly standardError: number;
  /** 95 % interval of the effect. */
  readonly interval: Interval;
  /** Whether |effect − forecast| ≤ 3 standard errors + 10 % of the forecast. */
  readonly withinForecast: boolean;
}

/** One cell: a student trained on one corpus, forecast first, then audited. */
export interface Cell {
  readonly profile: string;
  readonly h: number;
  readonly rho: number;
  /** Audited windows were served at least so often; 0: any window. */
  readonly served: number;
  readonly student: string;
  /** Tokens of the training corpus. */
  readonly tokens: number;
  readonly forecast: Forecast;
  /** Tokens to decide at α with power .9 if the forecast holds; null if it forecasts nothing. */
  readonly forecastTokens: number | null;
  readonly closed: Audit;
  readonly open: Audit<OpenEvidence>;
  readonly decoys: DecoyTest;
  /** R = ε / Δ_T, measured on the closed audit, with its interval. */
  readonly survivalRatio: { readonly value: number; readonly interval: Interval };
  /** Held-out loss, nats per token: what the student learned besides the mark. */
  readonly loss: number;
}

/** The teacher's own marked text: the positive control. */
export interface TeacherControl {
  readonly profile: string;
  readonly h: number;
  readonly tokens: number;
  readonly evidence: Evidence;
  /** Δ_T per token, repeats included. */
  readonly deltaT: number;
}

/** A student before training: must look unmarked, and be worse. */
export interface UntrainedControl {
  readonly profile: string;
  readonly h: number;
  readonly student: string;
  readonly closed: Audit;
  readonly loss: number;
}

/** An innocent model that copies from marked prompts (statistics.md 2). */
export interface CopierControl {
  readonly profile: string;
  readonly h: number;
  /** With the prompt rule: must not be detected. */
  readonly withPromptRule: Evidence;
  /** Without: what a detector that ignores prompts would have said. */
  readonly withoutPromptRule: Evidence;
}

/** Wrong keys on the outputs of the most marked student: z must look standard normal. */
export interface WrongKeysControl {
  readonly profile: string;
  readonly h: number;
  readonly student: string;
  readonly decoys: DecoyTest;
}

/** At least one. */
export type NonEmpty<T> = readonly [T, ...T[]];

/** The controls of statistics.md 12. None is optional: a report without them is not a report. */
export interface Controls {
  /** Students trained on the unmarked teacher (ρ = 0). */
  readonly unmarkedTeacher: NonEmpty<Cell>;
  readonly untrained: NonEmpty<UntrainedControl>;
  readonly wrongKeys: NonEmpty<WrongKeysControl>;
  readonly teacher: NonEmpty<TeacherControl>;
  readonly copier: NonEmpty<CopierControl>;
}

/** The result of an experiment. */
export interface Report {
  readonly version: 1;
  readonly name: string;
  readonly alpha: number;
  /** Digest of configuration and material: the same one gives the same report, byte for byte. */
  readonly digest: string;
  /** Digest of the forecasts, which were written before any student was trained. */
  readonly forecastDigest: string;
  readonly nullHypothesis: string;
  readonly notice: string;
  readonly cells: NonEmpty<Cell>;
  readonly controls: Controls;
}

/** @throws RangeError if there is none: an experiment without this part proves nothing */
export function nonEmpty<T>(name: string, items: readonly T[]): NonEmpty<T> {
  const [first, ...rest] = items;
  if (first === undefined) throw new RangeError(`${name}: expected at least one, got none`);
  return [first, ...rest];
}
