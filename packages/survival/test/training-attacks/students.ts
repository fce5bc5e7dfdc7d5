/** Students of a count teacher under several keys, before and after an attack: what the laws of attacks are tried on. */
import { Key, type Scheme, type Tokens, bindScheme, createKernel } from "@verdigris/core";
import { testProfile } from "@verdigris/core/testing";
import { openTest } from "@verdigris/detector";
import {
  type Capability,
  type Corpus,
  type Student,
  type Surroundings,
  type TeacherExcess,
  type Text,
  type TrainingAttack,
  auditContexts,
  capabilityOf,
  corpusOf,
  countTeacher,
  forecast,
  randomStream,
  teacherExcess,
  writeTexts,
} from "../../src/index.js";
import { countStudent } from "../../src/students/count.js";
import { V, plainTexts } from "../support.js";

/** Laws are asserted over so many keys. */
const KEYS = 5;
const LENGTH = 100;
const kernel = createKernel();
const source = plainTexts(150, LENGTH, 3);
const teacher = countTeacher(source, { vocabularySize: V });

const apprenticeship = countStudent({
  vocabularySize: V,
  order: 3,
  inertia: 20,
  base: plainTexts(40, LENGTH, 4),
});

/** One key's thief: what he collected and has besides, and the student he would serve without an attack. */
export interface Thief {
  readonly scheme: Scheme;
  readonly corpus: Corpus;
  readonly contexts: readonly Tokens[];
  readonly heldOut: readonly Text[];
  readonly surroundings: Surroundings;
  readonly excess: TeacherExcess;
  readonly student: Student;
  /** Soft green excess of that student, as measured and as forecast. */
  readonly before: number;
  readonly forecastBefore: number;
}

function write(tokens: number, name: string, scheme: Scheme | null): Promise<readonly Text[]> {
  const random = randomStream(name);
  return writeTexts(teacher, { scheme, random, tokens, length: LENGTH, prompts: source });
}

/** Text without a mark, the same for every key. */
const unmarked = Promise.all([write(16_000, "held out", null), write(40_000, "clean", null)]);

/** The thieves of the first keys, who collected 20,000 marked tokens each. */
export async function thieves(h: number): Promise<readonly Thief[]> {
  const foreignTexts = await write(20_000, `foreign ${h}`, schemeOf(h, KEYS));
  return Promise.all(Array.from({ length: KEYS }, (_, key) => thief({ h, key, foreignTexts })));
}

async function thief({
  h,
  key,
  foreignTexts,
}: {
  readonly h: number;
  readonly key: number;
  readonly foreignTexts: readonly Text[];
}): Promise<Thief> {
  const [heldOut, cleanTexts] = await unmarked;
  const scheme = schemeOf(h, key);
  const texts = await write(20_000, `marked ${h} ${key}`, scheme);
  const marked = texts.map(() => true);
  const random = randomStream("attack", h, key);
  const corpus = corpusOf(texts, marked);
  const contexts = auditContexts(heldOut, { h, count: 2000, random, served: 0, log: [] });
  const excess = teacherExcess(scheme, texts);
  const student = await apprenticeship.train(corpus, random);
  return {
    scheme,
    corpus,
    contexts,
    heldOut,
    surroundings: { apprenticeship, cleanTexts, foreignTexts, vocabularySize: V, random },
    excess,
    student,
    before: openTest(scheme, await student.predict(contexts)).effect,
    forecastBefore: forecast(scheme, corpus, { learner: apprenticeship, contexts, excess }).epsilon,
  };
}

function schemeOf(h: number, i: number): Scheme {
  const master = Key.fromBytes(new Uint8Array(32).fill(5));
  const key = master.derive({ provider: "attacks", epoch: `${i}` });
  return bindScheme(testProfile({ id: "attacks", V, h }), key, kernel);
}

/** The student that a thief serves after an attack, and the corpus it was trained on. */
export async function attacked(
  { corpus, surroundings, student }: Thief,
  attack: TrainingAttack,
): Promise<{ readonly served: Student; readonly lesson: Corpus }> {
  const lesson = (await attack.corpus?.(corpus, surroundings)) ?? corpus;
  const trained =
    lesson === corpus ? student : await apprenticeship.train(lesson, surroundings.random);
  return { lesson, served: (await attack.student?.(trained, lesson, surroundings)) ?? trained };
}

/** Share of the excess that an attack leaves, over all keys: as measured, and as the law expects it. */
export interface Left {
  readonly measured: number;
  readonly expected: number;
  /** Mean capability kept. */
  readonly kept: number;
}

/** Attacks every thief's student and audits what he serves. */
export async function left(all: readonly Thief[], attack: TrainingAttack): Promise<Left> {
  const sums = { before: 0, after: 0, forecastBefore: 0, forecastAfter: 0, kept: 0 };
  for (const each of all) {
    const { scheme, contexts, excess, surroundings } = each;
    const { served, lesson } = await attacked(each, attack);
    const law = { learner: apprenticeship, contexts, excess };
    const retained = attack.retained?.({ scheme, corpus: lesson, ...law }, surroundings) ?? 1;
    sums.before += each.before;
    sums.after += openTest(scheme, await served.predict(contexts)).effect;
    sums.forecastBefore += each.forecastBefore;
    sums.forecastAfter += forecast(scheme, lesson, law).epsilon * retained;
    sums.kept += (await capability(each, served)).kept;
  }
  return {
    measured: sums.after / sums.before,
    expected: sums.forecastAfter / sums.forecastBefore,
    kept: sums.kept / all.length,
  };
}

/** Capability on a part of the held-out text. */
async function capability({ heldOut, student }: Thief, served: Student): Promise<Capability> {
  const texts = heldOut.slice(0, 20);
  const untrained = await apprenticeship.untrained();
  return capabilityOf({
    untrained: await untrained.loss(texts),
    unattacked: await student.loss(texts),
    attacked: await served.loss(texts),
  });
}
