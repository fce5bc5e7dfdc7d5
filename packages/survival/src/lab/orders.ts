/** What is ordered: a run of a student, and the texts it reads. */
import type { Setting } from "./setting.js";

/** One student run of a study. */
export interface RunOrder {
  readonly setting: Setting;
  readonly key: number;
  readonly seed: number;
}

/** What a teacher is asked for. */
export interface LessonOrder {
  /** Digest of the material. */
  readonly material: string;
  readonly teacher: Setting["teacher"];
  /** Which texts the teacher was made from. */
  readonly source: "unmarked" | "human";
  /** What the texts are for; the mark is null unless they are marked. */
  readonly purpose: "marked" | "filler" | "held-out" | "clean" | "foreign";
  readonly mark: Setting["mark"] | null;
  readonly keyring: Setting["keyring"];
  readonly key: number;
  readonly seed: string;
  readonly tokens: number;
}
