/**
 * One student run: a pure function of its setting, key, seed and the study's material. The forecast is made, and handed
 * over, before the student is trained.
 */
import { closedDecoys, closedTest } from "@verdigris/detector";
import { closedAuditOf } from "../audit-result.js";
import { copierControl, teacherControl } from "../controls.js";
import { corpusOf } from "../corpus.js";
import type { Forecast } from "../law.js";
import type { Student } from "../students/index.js";
import { type Finding, type Subject, asksFurther, findingsOf } from "./audits/index.js";
import type { Bench } from "./bench.js";
import { type ForecastRun, forecastRun } from "./forecast-run.js";
import type { RunOrder } from "./orders.js";
import { writeFreely } from "./free-text.js";
import type { KeyringAudit, StudentRun } from "./result.js";
import { streamOf } from "./streams.js";
import { auditKeyring, auditStudent } from "./student-audit.js";

/** Forecasts, trains, attacks and audits one student. */
export async function runStudent(
  order: RunOrder,
  bench: Bench,
  onForecast: (forecast: Forecast) => Promise<void> = async () => {},
): Promise<StudentRun> {
  const run = await forecastRun(order, bench);
  await onForecast(run.forecast);
  const { student, dispose } = await trained(run);
  try {
    return { ...(await resultOf(student, run, bench)), ...(await innocentsOf(run, bench)) };
  } finally {
    await dispose();
  }
}

async function resultOf(
  student: Student,
  run: ForecastRun,
  bench: Bench,
): Promise<Omit<StudentRun, keyof Innocence>> {
  const { mark, forecast, excess, texts, attack } = run;
  const { kernel, study } = bench;
  const { audits, draws, predictions } = await auditStudent(student, run, bench);
  const answered = { student, draws, predictions, purpose: "trained" };
  const findings = await further(answered, run, bench);
  return {
    key: run.order.key,
    seed: run.order.seed,
    forecast,
    forecastTokens: run.forecastTokens,
    teacher: teacherControl({ ...mark, texts: run.ownTexts }, { kernel, excess }),
    audits,
    keyring: keyringOf(run, draws, bench),
    ...(findings !== null && { findings }),
    decoys: closedDecoys(bench.decoys(mark.profile), draws, {
      keys: study.audit.decoys,
      statistic: audits.oneStep.evidence,
      kernel,
    }),
    attack: attack?.record ?? null,
    loss: await student.loss(texts.heldOut),
  };
}

/** A student that further audits look at, and what it said so far. */
interface Questioned extends Pick<Subject, "student" | "draws"> {
  readonly predictions?: Subject["predictions"];
  readonly purpose: string;
}

async function further(
  { purpose, student, draws, ...said }: Questioned,
  { name, mark, scheme, apprenticeship, ownTexts, texts }: ForecastRun,
  { study: { audit }, kernel, material }: Bench,
): Promise<readonly Finding[] | null> {
  if (!asksFurther(audit)) return null;
  const predictions =
    said.predictions ?? (await student.predict(draws.contexts.slice(0, audit.open)));
  const subject = {
    student,
    draws,
    predictions,
    scheme,
    apprenticeship,
    served: ownTexts,
    heldOut: texts.heldOut,
    material,
    contexts: audit,
    random: streamOf(name, `further audits, ${purpose}`),
  };
  return findingsOf(audit, subject, { profile: mark.profile, kernel });
}

interface Trained {
  readonly student: Student;
  readonly dispose: () => Promise<void>;
}

/** The student of the last generation, after the attack; the students before it live as long. */
async function trained(run: ForecastRun): Promise<Trained> {
  const { order, name, corpus, apprenticeship, attack, texts, surroundings } = run;
  const students: Student[] = [];
  const keep = (student: Student): Student => {
    students.push(student);
    return student;
  };
  const dispose = async (): Promise<void> => {
    for (const student of students) await student.dispose();
  };
  try {
    let learned = corpus;
    let student = keep(await apprenticeship.train(learned, streamOf(name, "student")));
    for (let generation = 1; generation < order.setting.generations; generation++) {
      const written = await writeFreely(student, {
        prompts: texts.heldOut,
        tokens: corpus.tokenCount,
        length: 100,
        random: streamOf(name, `generation ${generation}`),
      });
      learned = corpusOf(
        written,
        written.map(() => true),
      );
      student = keep(
        await apprenticeship.train(learned, streamOf(name, `student ${generation + 1}`)),
      );
    }
    if (attack?.attack.student !== undefined)
      student = keep(await attack.attack.student(student, learned, surroundings));
    return { student, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function keyringOf(
  { order, texts, wholeEpsilon }: ForecastRun,
  draws: Parameters<typeof auditKeyring>[0],
  bench: Bench,
): KeyringAudit | null {
  const { setting, key } = order;
  if (setting.keyring.kind === "one") return null;
  return auditKeyring(draws, { setting, key, shares: texts.shares, expected: wholeEpsilon }, bench);
}

type Innocence = Pick<StudentRun, "untrainedLoss" | "innocents">;

/** The suspects that never saw the mark; asked of the student of unmarked text, which is one of them. */
async function innocentsOf(run: ForecastRun, bench: Bench): Promise<Innocence> {
  const { order, name, mark, scheme, contexts, apprenticeship, texts, ownTexts } = run;
  const { kernel, study } = bench;
  const student = await apprenticeship.untrained();
  try {
    const loss = await student.loss(texts.heldOut);
    if (order.setting.rho > 0) return { untrainedLoss: loss, innocents: null };
    const tokens = await student.draw(contexts, streamOf(name, "untrained"));
    const closed = closedAuditOf(scheme, closedTest(scheme, { contexts, tokens }), 0);
    const { id: profile } = mark.profile;
    const { kind } = apprenticeship;
    const arm = { ...mark, texts: ownTexts };
    const seed = study.seed + order.seed;
    const draws = { contexts, tokens };
    const findings = await further({ student, draws, purpose: "before" }, run, bench);
    return {
      untrainedLoss: loss,
      innocents: {
        untrained: { profile, h: scheme.h, student: kind, closed, loss },
        copier: await copierControl(arm, { apprenticeship, kernel, seed }),
        ...(findings !== null && { findings }),
      },
    };
  } finally {
    await student.dispose();
  }
}
