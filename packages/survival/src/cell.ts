import { type Kernel, type Scheme, type Tokens, bindScheme } from "@verdigris/core";
import {
  type OpenEvidence,
  closedDecoys,
  closedTest,
  openTest,
  requiredTokens,
} from "@verdigris/detector";
import { auditContexts } from "./audit.js";
import { closedAuditOf, openAuditOf } from "./audit-result.js";
import { type Corpus, type Text, mixCorpus } from "./corpus.js";
import { type Forecast, type TeacherExcess, forecast } from "./law.js";
import type { MarkedArm } from "./corpus.js";
import { randomStream } from "./random.js";
import type { Audit, Cell, UntrainedControl } from "./report.js";
import type { Apprenticeship, Student } from "./students/index.js";

/** Everything one cell is made from. */
export interface CellPlan {
  readonly arm: MarkedArm;
  /** Δ_T of the arm, by window frequency. */
  readonly excess: TeacherExcess;
  readonly rho: number;
  readonly tokens: number;
  readonly seed: number;
  readonly alpha: number;
  readonly filler: readonly Text[];
  readonly heldOut: readonly Text[];
  /** Audit only windows served at least so often. */
  readonly served: number;
  readonly audit: { readonly closed: number; readonly open: number; readonly decoys: number };
  readonly apprenticeship: Apprenticeship;
}

/** A cell with its corpus and contexts drawn and its forecast made; training has not begun. */
export interface ForecastCell {
  readonly plan: CellPlan;
  readonly scheme: Scheme;
  readonly corpus: Corpus;
  readonly contexts: readonly Tokens[];
  readonly forecast: Forecast;
}

/** Draws the corpus and the audit contexts and applies the survival law to them. */
export function forecastCell(plan: CellPlan, kernel: Kernel): ForecastCell {
  const { arm, rho, tokens, seed } = plan;
  const scheme = bindScheme(arm.profile, arm.key, kernel);
  const stream = (purpose: string): ReturnType<typeof randomStream> =>
    randomStream(seed, arm.profile.id, rho, plan.apprenticeship.kind, purpose);
  const corpus = mixCorpus(
    { marked: arm.texts, unmarked: plan.filler },
    { rho, tokens, random: stream("corpus") },
  );
  const contexts = auditContexts(plan.heldOut, {
    h: scheme.h,
    count: plan.audit.closed,
    random: stream("contexts"),
    served: plan.served,
    log: arm.texts,
  });
  const law = forecast(scheme, corpus, {
    learner: plan.apprenticeship,
    contexts,
    excess: plan.excess,
  });
  return { plan, scheme, corpus, contexts, forecast: law };
}

/** Trains the student of a forecast cell and audits it. */
export async function runCell(cell: ForecastCell, kernel: Kernel): Promise<Cell> {
  const { plan, scheme, contexts } = cell;
  const stream = randomStream(
    plan.seed,
    plan.arm.profile.id,
    plan.rho,
    plan.apprenticeship.kind,
    "student",
  );
  const student = await plan.apprenticeship.train(cell.corpus, stream);
  try {
    const draws = { contexts, tokens: await student.draw(contexts, stream) };
    const evidence = closedTest(scheme, draws);
    const closed = closedAuditOf(scheme, evidence, cell.forecast.epsilon);
    const statistic = { keys: plan.audit.decoys, statistic: evidence, kernel };
    return {
      profile: plan.arm.profile.id,
      h: scheme.h,
      rho: plan.rho,
      served: plan.served,
      student: plan.apprenticeship.kind,
      tokens: plan.tokens,
      forecast: cell.forecast,
      forecastTokens: tokensToDecide(scheme, cell.forecast.epsilon, plan.alpha),
      closed,
      open: await openAudit(cell, student),
      decoys: closedDecoys(plan.arm.profile, draws, statistic),
      survivalRatio: survivalRatio(closed, cell.forecast.deltaT),
      loss: await student.loss(plan.heldOut),
    };
  } finally {
    await student.dispose();
  }
}

/** Audits the student before it is trained. */
export async function runUntrained(cell: ForecastCell): Promise<UntrainedControl> {
  const { plan, scheme, contexts } = cell;
  const stream = randomStream(
    plan.seed,
    plan.arm.profile.id,
    plan.apprenticeship.kind,
    "untrained",
  );
  const student = await plan.apprenticeship.untrained();
  try {
    const draws = { contexts, tokens: await student.draw(contexts, stream) };
    return {
      profile: plan.arm.profile.id,
      h: scheme.h,
      student: plan.apprenticeship.kind,
      closed: closedAuditOf(scheme, closedTest(scheme, draws), 0),
      loss: await student.loss(plan.heldOut),
    };
  } finally {
    await student.dispose();
  }
}

async function openAudit(cell: ForecastCell, student: Student): Promise<Audit<OpenEvidence>> {
  const contexts = cell.contexts.slice(0, cell.plan.audit.open);
  const evidence = openTest(cell.scheme, await student.predict(contexts));
  return openAuditOf(evidence, cell.forecast.epsilon);
}

function survivalRatio(closed: Audit, deltaT: number): Cell["survivalRatio"] {
  const ratio = (effect: number): number => (deltaT === 0 ? 0 : effect / deltaT);
  const { lower, upper } = closed.interval;
  return {
    value: ratio(closed.evidence.effect),
    interval: { lower: ratio(lower), upper: ratio(upper) },
  };
}

/** N* of the closed audit with power .9; null where the forecast is no excess at all. */
function tokensToDecide(scheme: Scheme, epsilon: number, alpha: number): number | null {
  if (scheme.law.kind !== "bernoulli" || epsilon < 1e-9) return null;
  return requiredTokens({ epsilon, gamma: scheme.law.p, alpha, power: 0.9 });
}
