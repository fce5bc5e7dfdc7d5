import type { Profile } from "@verdigris/core";
import type { Setting } from "../formats/format.js";
import type { ScoreResult } from "../scoring.js";
import type { Analysis } from "./analysis.js";
import type { Kept } from "./collect.js";

/** Everything a report is made from. */
export interface ReportInput {
  readonly result: ScoreResult;
  readonly setting: Setting;
  readonly profile: Profile;
  readonly kept: Kept;
  readonly analysis: Analysis;
  /** Settings and digests, names and values. */
  readonly record: readonly (readonly [string, string])[];
}

/** A section and its heading. */
export interface Section {
  readonly id: string;
  readonly heading: string;
  readonly body: string;
}
