/** What student runs share in one thread: material, kernel, teachers, students-to-be and texts. */
import {
  type Key,
  type Kernel,
  type LanguageModel,
  type Profile,
  type Scheme,
  createKernel,
} from "@verdigris/core";
import { DecoySchemes } from "@verdigris/detector";
import type { LlamaLanguageModel } from "@verdigris/watermark/node-llama-cpp";
import QuickLRU from "quick-lru";
import type { StudentConfig } from "../config.js";
import type { Text } from "../corpus.js";
import { type TeacherExcess, teacherExcess } from "../law.js";
import type { Material } from "../material.js";
import {
  type CodedStore,
  type DirectoryOptions,
  type Store,
  codedStore,
  directoryStore,
} from "../store.js";
import { type Apprenticeship, apprentice } from "../students/index.js";
import { countTeacher } from "../teachers/count.js";
import type { Study } from "./config.js";
import { writeLesson } from "./lessons.js";
import type { LessonOrder } from "./orders.js";
import { inOtherWords, openModel } from "./live-model.js";
import { armsOf, profileOf, recordedArm, studyKey } from "./material.js";
import type { WritingTeacherSetting, Setting } from "./setting.js";
import { textCodec } from "./text-codec.js";

/** Lessons kept in memory at least, and less than twice as many: a run needs three or four. */
const RECENT = { maxSize: 4 };

/** A mark under the key of one part of a keyring. */
export interface KeyedMark {
  readonly profile: Profile;
  readonly key: Key;
}

/** Where a study's runs are made. Nothing here changes a result. */
export class Bench {
  readonly study: Study;
  readonly material: Material;
  readonly kernel: Kernel = createKernel();
  readonly #lessons: CodedStore<readonly Text[]>;
  readonly #rewritten: Store;
  readonly #made = new Map<string, unknown>();
  readonly #texts = new QuickLRU<string, Promise<readonly Text[]>>(RECENT);
  readonly #excess = new QuickLRU<string, TeacherExcess>(RECENT);
  readonly #decoys = new QuickLRU<string, DecoySchemes>(RECENT);

  constructor(
    study: Study,
    material: Material,
    place: DirectoryOptions & { readonly directory: string },
  ) {
    this.study = study;
    this.material = material;
    this.#lessons = codedStore(place.directory, textCodec, place);
    this.#rewritten = directoryStore(place.directory, place);
  }

  /** The model that writes: the material's own, or the count model that writes as the source's texts do. */
  async teacher(
    source: LessonOrder["source"],
    setting: WritingTeacherSetting,
  ): Promise<LanguageModel> {
    if (setting.kind === "model") return this.model();
    const { order, candidates } = setting;
    const { vocabularySize } = this.material;
    return this.#once(`teacher ${source} ${order} ${candidates}`, () =>
      countTeacher(this.material[source], { vocabularySize, order, candidates }),
    );
  }

  /** The material's own model. @throws RangeError if there is none, or it reads text in other tokens */
  model(): Promise<LlamaLanguageModel> {
    return this.#once("model", () => openModel(this.material));
  }

  /** Puts a text in other words with the material's model; undefined if there is none. What it wrote is kept. */
  rewriter(seed: string): ((text: string) => Promise<string>) | undefined {
    const { model } = this.material;
    if (model === undefined) return undefined;
    return (text) =>
      this.#rewritten.resolve({ rewritten: text, model: model.sha256, seed }, async () =>
        inOtherWords(await this.model(), text, seed),
      );
  }

  async close(): Promise<void> {
    const model = this.#made.get("model") as Promise<LlamaLanguageModel> | undefined;
    await (await model)?.dispose();
  }

  apprenticeship(config: StudentConfig): Apprenticeship {
    return this.#once(`student ${JSON.stringify(config)}`, () => apprentice(config, this.material));
  }

  /** The mark of a setting under its i-th key. */
  mark({ teacher, mark }: Setting, key: number, part = 0): KeyedMark {
    const arms = armsOf(teacher, this.material);
    if (arms !== null) return recordedArm(mark, arms);
    return { profile: profileOf(mark, this.material), key: studyKey(key, part) };
  }

  /** What was ordered, written or as it was stored. */
  lesson(order: LessonOrder): Promise<readonly Text[]> {
    return once(this.#texts, JSON.stringify(order), () =>
      this.#lessons.resolve(order, () => writeLesson(order, this)),
    );
  }

  /** Δ_T of a lesson's texts under a scheme. */
  excess(order: LessonOrder, scheme: Scheme, texts: readonly Text[]): TeacherExcess {
    return once(this.#excess, JSON.stringify(order), () => teacherExcess(scheme, texts));
  }

  /** The decoy keys of a mark, bound once for all its runs. */
  decoys(profile: Profile): DecoySchemes {
    return once(
      this.#decoys,
      JSON.stringify(profile),
      () => new DecoySchemes(profile, this.kernel),
    );
  }

  #once<T>(name: string, make: () => T): T {
    return once(this.#made as Known<T>, name, make);
  }
}

/** All that was made, or the last of it. */
interface Known<T> {
  get(name: string): T | undefined;
  set(name: string, made: T): unknown;
}

/** What is known by a name, or is made now. */
function once<T>(known: Known<T>, name: string, make: () => T): T {
  const made = known.get(name) ?? make();
  known.set(name, made);
  return made;
}
