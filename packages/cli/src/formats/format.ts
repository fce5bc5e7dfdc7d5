import type { NullLaw } from "@verdigris/core";
import type { ScoreResult } from "../scoring.js";

/** What every verdict of one call shares. */
export interface Setting {
  /** Version of this program. */
  readonly program: string;
  readonly profile: string;
  readonly keyId: string;
  readonly law: NullLaw["kind"];
  /** Mean score of a coin under H0: gamma for a green list. */
  readonly nullMean: number;
  /** What positions were weighed by, and how, if they were. */
  readonly weights?: string | undefined;
  readonly weightsInWords?: string | undefined;
  readonly warnings: readonly string[];
}

/** A result in one form, piece by piece: a piece may be written before the next is made. */
export type Format = (result: ScoreResult, setting: Setting) => Iterable<string>;
