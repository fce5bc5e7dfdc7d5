/**
 * Small worlds for the laws of the neural student (survival-science, C.3): recorded text folded into a small vocabulary,
 * a count model of it as teacher, and students trained by gradient descent.
 */
import {
  type Kernel,
  type LanguageModel,
  type Profile,
  type Scheme,
  type Tokens,
  bindScheme,
  createKernel,
  moments,
} from "@verdigris/core";
import {
  type Evidence,
  Tally,
  closedTest,
  decoyKey,
  evidenceOf,
  openTest,
} from "@verdigris/detector";
import {
  type Apprenticeship,
  type Corpus,
  type Material,
  type Student,
  type Text,
  apprentice,
  auditContexts,
  corpusOf,
  countTeacher,
  forecast,
  parseExperiment,
  randomStream,
  teacherExcess,
  writeFreely,
  writeTexts,
} from "@verdigris/survival";
import { recordedMaterial } from "./material.ts";

/** How large a world is. */
export interface WorldSize {
  /** V of teacher and students. */
  readonly vocabularySize: number;
  /** Marked tokens a student learns from. */
  readonly tokens: number;
  /** Audited windows, at most. */
  readonly contexts: number;
}

/** Settings of a student, as in an experiment's configuration. */
export type StudentSettings = Readonly<Record<string, unknown>> & { readonly kind: string };

/** What one student of one key kept. */
export interface Kept {
  /** Open excess over the null mean, per token. */
  readonly epsilon: number;
  /** Its standard error over the audited windows. */
  readonly error: number;
  /** z of one drawn token per window, each distinct coin once. */
  readonly closedZ: number;
  /** Coins that z counts. */
  readonly closedN: number;
}

/** What a student wrote of its own. */
export interface Freely {
  /** Mean excess of all positions, repeats included, in standard deviations of the law. */
  readonly perToken: number;
  readonly tokens: number;
  /** Distinct coins: what z counts. */
  readonly distinct: number;
  readonly z: number;
}

/** What a teacher wrote with one key. */
export interface Lesson {
  readonly scheme: Scheme;
  readonly texts: readonly Text[];
  readonly key: number;
}

/** Probabilities per position that a teacher's interface gives away. */
const TARGETS = 20;

export class World {
  readonly size: WorldSize;
  readonly #kernel: Kernel = createKernel();
  readonly #profile: Profile;
  readonly #material: Material;
  readonly #heldOut: readonly Text[];
  readonly #teacher: LanguageModel;
  readonly #lessons = new Map<string, Promise<Lesson>>();
  readonly #apprentices = new Map<string, Apprenticeship>();

  private constructor(size: WorldSize, recorded: Material) {
    this.size = size;
    const fold = folder(recorded.unmarked, size.vocabularySize);
    const folded = fold(recorded.unmarked);
    // The audited text is the teacher's kind of text, but none of what the teacher was counted from.
    const cut = Math.round(folded.length / 2);
    this.#heldOut = folded.slice(cut);
    this.#profile = { ...recorded.arms[0].profile, V: size.vocabularySize, specialTokens: [] };
    this.#material = {
      digest: "laws of the neural student",
      vocabularySize: size.vocabularySize,
      arms: [],
      unmarked: folded.slice(0, cut),
      human: fold(recorded.human),
    };
    const { vocabularySize, unmarked } = this.#material;
    this.#teacher = countTeacher(unmarked, { vocabularySize, candidates: 50 });
  }

  static async of(size: WorldSize): Promise<World> {
    return new World(size, await recordedMaterial());
  }

  /** A teacher's text under a key, with the probabilities it was drawn from. */
  lesson(key: number, mark: Partial<Profile>): Promise<Lesson> {
    const name = JSON.stringify([key, mark]);
    const made = this.#lessons.get(name) ?? this.#make(key, mark);
    this.#lessons.set(name, made);
    return made;
  }

  async #make(key: number, mark: Partial<Profile>): Promise<Lesson> {
    const profile = { ...this.#profile, id: `neural-law-${mark.scheme ?? "green"}`, ...mark };
    const scheme = bindScheme(profile, decoyKey(30_000 + key), this.#kernel);
    const texts = await writeTexts(this.#teacher, {
      scheme,
      random: randomStream("lesson", key, scheme.h),
      tokens: this.size.tokens,
      length: 120,
      prompts: this.#material.unmarked,
      targets: TARGETS,
    });
    return { scheme, key, texts };
  }

  /** What the law with A = 1 expects of the same audit. */
  expected(settings: StudentSettings, lesson: Lesson): number {
    const { inertia, order } = this.#apprentice(settings);
    const excess = teacherExcess(lesson.scheme, lesson.texts);
    const contexts = this.#contexts(lesson);
    const learner = { gain: 1, inertia, order };
    return forecast(lesson.scheme, corpusOfMarked(lesson), { learner, contexts, excess }).epsilon;
  }

  #contexts({ scheme, key }: Lesson): readonly Tokens[] {
    return auditContexts(this.#heldOut, {
      h: scheme.h,
      count: this.size.contexts,
      random: randomStream("audit", key),
      served: 0,
      log: [],
    });
  }

  /** Trains a student on a lesson and audits it one step after held-out windows. */
  async kept(settings: StudentSettings, lesson: Lesson): Promise<Kept> {
    const { scheme, key } = lesson;
    const contexts = this.#contexts(lesson);
    return this.#trained(settings, lesson, async (student) => {
      const open = openTest(scheme, await student.predict(contexts));
      const tokens = await student.draw(contexts, randomStream("draw", key));
      const closed = closedTest(scheme, { contexts, tokens });
      const error = open.zScore === 0 ? 0 : Math.abs(open.effect / open.zScore);
      return { epsilon: open.effect, error, closedZ: closed.zScore, closedN: closed.n };
    });
  }

  /** Trains a student on a lesson and has it write. */
  async freely(settings: StudentSettings, lesson: Lesson, tokens: number): Promise<Freely> {
    const { scheme, key } = lesson;
    return this.#trained(settings, lesson, async (student) => {
      const random = randomStream("free", key);
      const asked = { prompts: this.#heldOut, tokens, length: 60, random };
      const written = await writeFreely(student, asked);
      const evidence = (everyPosition: boolean): Evidence => {
        const tally = new Tally(scheme, { deduplicate: !everyPosition });
        for (const text of written) tally.add({ tokens: text.tokens });
        return evidenceOf(scheme.law, tally.count());
      };
      const [all, distinct] = [evidence(true), evidence(false)];
      const perToken = all.effect / Math.sqrt(moments(scheme.law).variance);
      return { perToken, tokens: all.n, distinct: distinct.n, z: distinct.zScore };
    });
  }

  async #trained<Result>(
    settings: StudentSettings,
    lesson: Lesson,
    use: (student: Student) => Promise<Result>,
  ): Promise<Result> {
    const random = randomStream("train", lesson.key);
    const student = await this.#apprentice(settings).train(corpusOfMarked(lesson), random);
    try {
      return await use(student);
    } finally {
      await student.dispose();
    }
  }

  #apprentice(student: StudentSettings): Apprenticeship {
    const name = JSON.stringify(student);
    const known = this.#apprentices.get(name);
    if (known !== undefined) return known;
    const material = { manifest: "-", human: ["-"] };
    const { vocabularySize } = this.size;
    const own = student.kind === "neural" ? { vocabularySize, ...student } : student;
    const runs = [{ h: [1], rho: [1], student: own }];
    const [run] = parseExperiment({ name: "law", material, tokens: 1000, runs }).runs;
    const made = apprentice(run.student, this.#material);
    this.#apprentices.set(name, made);
    return made;
  }
}

function corpusOfMarked({ texts }: Lesson): Corpus {
  return corpusOf(
    texts,
    texts.map(() => true),
  );
}

/** Replaces every token outside the V − 1 most frequent ones of `base` by the same stand-in, id 0. */
function folder(base: readonly Text[], V: number): (texts: readonly Text[]) => readonly Text[] {
  const counts = new Map<number, number>();
  for (const { tokens } of base)
    for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
  const frequent = [...counts].toSorted((a, b) => b[1] - a[1] || a[0] - b[0]);
  const ids = new Map(frequent.slice(0, V - 1).map(([token], i) => [token, i + 1]));
  return (texts) =>
    texts.map(({ prompt, tokens }) => ({
      prompt,
      tokens: Uint32Array.from(tokens, (token) => ids.get(token) ?? 0),
    }));
}
