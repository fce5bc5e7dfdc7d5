import type { DecoyTest, Evidence, OpenEvidence } from "@verdigris/detector";
import type { Forecast } from "../law.js";
import type { Audit, CopierControl, TeacherControl, UntrainedControl } from "../report.js";
import type { AttackBudget } from "../training-attacks/index.js";
import type { Finding } from "./audits/index.js";

/** One student under every access, in the windows the setting's supervision allows. */
export interface StudentAudits {
  /** Closed model: one token drawn in each context. */
  readonly oneStep: Audit;
  /** Closed model: texts the student wrote; there is no forecast for windows that it chose itself. */
  readonly freeRun: Omit<Audit, "withinForecast"> | null;
  /** Open model: expected scores. */
  readonly openSoft: Audit<OpenEvidence>;
  /** Open model: the most likely token of each context. */
  readonly openArgmax: Audit;
}

/** The one-step audit under the key of one part of a keyring. */
export interface PartAudit {
  /** Share of the marked tokens that the corpus has of it. */
  readonly share: number;
  /** Forecast ε: the whole keyring's, times the share. */
  readonly forecast: number;
  readonly evidence: Evidence;
}

/** The audits of a keyring of more than one key. */
export interface KeyringAudit {
  readonly parts: readonly PartAudit[];
  /**
   * All parts together, whichever key was used when: coins of different keys are independent, so their sum has the null
   * law's own tail.
   */
  readonly combined: Evidence;
  readonly combinedForecastZ: number;
}

/** What an attack cost the thief, and what the law expected of it. */
export interface AttackRecord {
  readonly kind: string;
  readonly budget: AttackBudget;
  /** Factor on ε that the law expects of its student stage; null where it has no closed form. */
  readonly retained: number | null;
}

/** One student: forecast first, then trained, attacked and audited. The unit of replication. */
export interface StudentRun {
  readonly key: number;
  readonly seed: number;
  readonly forecast: Forecast;
  /** Tokens to decide at α with power .9 if the forecast holds; null if it forecasts nothing. */
  readonly forecastTokens: number | null;
  readonly teacher: TeacherControl;
  readonly audits: StudentAudits;
  /** Null for a single key. */
  readonly keyring: KeyringAudit | null;
  /** The one-step audit under wrong keys. */
  readonly decoys: DecoyTest;
  readonly attack: AttackRecord | null;
  /** Held-out loss, nats per token. */
  readonly loss: number;
  /** What further audits found; absent where the study asks for none. */
  readonly findings?: readonly Finding[];
  /** Held-out loss before training. */
  readonly untrainedLoss: number;
  /** What only a student of unmarked text is asked (ρ = 0); null for any other. */
  readonly innocents: Innocents | null;
}

export type { Finding };

/** Suspects that never saw the mark. */
export interface Innocents {
  readonly untrained: UntrainedControl;
  readonly copier: CopierControl;
  /** What further audits find in the student before training. */
  readonly findings?: readonly Finding[];
}
