import { type Scheme, type Tokens, bindScheme, moments } from "@verdigris/core";
import {
  type Prediction,
  Tally,
  closedTest,
  evidenceOf,
  openArgmaxTest,
  openTest,
} from "@verdigris/detector";
import { closedAuditOf, openAuditOf } from "../audit-result.js";
import type { Student } from "../students/index.js";
import type { Bench } from "./bench.js";
import type { ForecastRun } from "./forecast-run.js";
import { writeFreely } from "./free-text.js";
import type { KeyringAudit, StudentAudits } from "./result.js";
import type { Setting } from "./setting.js";
import { streamOf } from "./streams.js";

/** A student's answers and what they show. */
export interface Audited {
  readonly audits: StudentAudits;
  /** The one-step draws: decoy keys and other parts of a keyring score the same ones. */
  readonly draws: { readonly contexts: readonly Tokens[]; readonly tokens: Uint32Array };
  readonly predictions: readonly Prediction[];
}

/** Audits a student under every access. */
export async function auditStudent(
  student: Student,
  run: ForecastRun,
  { study: { audit } }: Bench,
): Promise<Audited> {
  const { name, scheme, contexts } = run;
  const { epsilon: expected } = run.forecast;
  const draws = { contexts, tokens: await student.draw(contexts, streamOf(name, "draws")) };
  const predictions = await student.predict(contexts.slice(0, audit.open));
  return {
    draws,
    predictions,
    audits: {
      oneStep: closedAuditOf(scheme, closedTest(scheme, draws), expected),
      openSoft: openAuditOf(openTest(scheme, predictions), expected),
      openArgmax: closedAuditOf(scheme, openArgmaxTest(scheme, predictions), expected),
      freeRun: audit.freeRun === 0 ? null : await freeRun(student, run, audit.freeRun),
    },
  };
}

/** Tokens of one text of the free run. */
const FREE_LENGTH = 100;

async function freeRun(
  student: Student,
  { name, scheme, texts: { heldOut } }: ForecastRun,
  tokens: number,
): Promise<StudentAudits["freeRun"]> {
  const random = streamOf(name, "free run");
  const written = await writeFreely(student, {
    prompts: heldOut,
    tokens,
    length: FREE_LENGTH,
    random,
  });
  const tally = new Tally(scheme);
  for (const text of written) tally.add({ tokens: text.tokens, prompt: text.shown });
  const { evidence, standardError, interval } = closedAuditOf(
    scheme,
    evidenceOf(scheme.law, tally.count()),
    0,
  );
  return { evidence, standardError, interval };
}

/** What a keyring is audited with. */
export interface KeyringPlan {
  readonly setting: Setting;
  readonly key: number;
  /** Share of the marked tokens that each part has. */
  readonly shares: readonly number[];
  /** Forecast ε of all parts together. */
  readonly expected: number;
}

/** Scores the same draws under the key of each part. */
export function auditKeyring(
  draws: Audited["draws"],
  { setting, key, shares, expected }: KeyringPlan,
  bench: Bench,
): KeyringAudit {
  const own = (part: number): Scheme => {
    const mark = bench.mark(setting, key, part);
    return bindScheme(mark.profile, mark.key, bench.kernel);
  };
  const { law } = own(0);
  const parts = shares.map((share, part) => ({
    share,
    forecast: expected * share,
    evidence: closedTest(own(part), draws),
  }));
  const n = parts.reduce((sum, { evidence }) => sum + evidence.n, 0);
  const sum = parts.reduce((total, { evidence }) => total + evidence.sum, 0);
  const meanExpected = parts.reduce((total, part) => total + part.forecast, 0) / parts.length;
  return {
    parts,
    combined: evidenceOf(law, { n, sum }),
    combinedForecastZ: meanExpected * Math.sqrt(n / moments(law).variance),
  };
}
