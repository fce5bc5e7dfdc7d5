/** What teachers write: marked and unmarked texts, each a pure function of its order and the material. */
import {
  type Kernel,
  type LanguageModel,
  type Random,
  type Scheme,
  bindScheme,
} from "@verdigris/core";
import { type EmbedOptions, generate } from "@verdigris/watermark";
import { type Text, firstTokens, tokenCount } from "../corpus.js";
import { mapInParallel } from "../parallel.js";
import { below, randomStream, shuffled } from "../random.js";
import { writeWithTargets } from "../teachers/targets.js";
import type { Material } from "../material.js";
import type { LessonOrder } from "./orders.js";
import { servedWriter } from "./served-lessons.js";
import { profileOf, recordedArm, studyKey } from "./material.js";
import type { WritingTeacherSetting, Setting } from "./setting.js";

/** Tokens of a text that serve as prompt of another. */
const PROMPT = 8;

/** What lessons are written from. */
interface WritingDesk {
  readonly material: Material;
  readonly kernel: Kernel;
  teacher(source: LessonOrder["source"], setting: WritingTeacherSetting): Promise<LanguageModel>;
}

/** Shares of the parts of a keyring; they add up to 1, the first is the largest. */
export function sharesOf(keyring: Setting["keyring"]): readonly number[] {
  if (keyring.kind === "one") return [1];
  const zipf = keyring.kind === "tenants" && keyring.shares === "zipf";
  const weights = Array.from({ length: keyring.count }, (_, i) => (zipf ? 1 / (i + 1) : 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Writes what was ordered; a text says which part of the keyring marked it. */
export async function writeLesson(order: LessonOrder, desk: WritingDesk): Promise<readonly Text[]> {
  const { teacher } = order;
  if (teacher.kind === "recorded") return recorded(order, desk);
  const name = JSON.stringify(order);
  if (teacher.kind === "endpoint") {
    const { write, atOnce } = await servedWriter({ ...order, teacher }, desk.material);
    const text = (place: number): Promise<Text> => write(randomStream("lesson", name, place));
    return writeTogether(text, order.tokens, { length: teacher.textLength, atOnce });
  }
  const model = await desk.teacher(order.source, teacher);
  const prompts = desk.material[order.source];
  const random = randomStream("lesson", name);
  const texts: Text[] = [];
  let [due, written] = [0, 0];
  for (const [part, share] of sharesOf(order.keyring).entries()) {
    const scheme = schemeOf(order, part, desk);
    due += share * order.tokens;
    const writing = { model, prompts, random, scheme, part, teacher };
    const left = Math.round(due) - written;
    const { textLength: length } = teacher;
    const text = (place: number): Promise<Text> =>
      writeText({ ...writing, random: randomStream("lesson", name, part, place) }, length);
    const atOnce = desk.material.model?.sequences ?? 1;
    const own =
      teacher.kind === "model"
        ? await writeTogether(text, left, { length, atOnce })
        : await writeInTurn(writing, left);
    texts.push(...own);
    written += tokenCount(own);
  }
  return texts;
}

async function writeInTurn(writing: Writing, tokens: number): Promise<readonly Text[]> {
  const texts: Text[] = [];
  for (let left = tokens; left > 0;) {
    const next = await writeText(writing, left);
    texts.push(next);
    left -= next.tokens.length;
  }
  return texts;
}

/** Texts that do not wait for each other, each with randomness of its own: how many at once changes none of them. */
async function writeTogether(
  text: (place: number) => Promise<Text>,
  tokens: number,
  { length, atOnce }: { readonly length: number; readonly atOnce: number },
): Promise<readonly Text[]> {
  const texts: Text[] = [];
  let begun = 0;
  for (let left = tokens; left > 0; left = tokens - tokenCount(texts)) {
    const places = Array.from({ length: Math.ceil(left / length) }, () => begun++);
    const next = await mapInParallel(places, atOnce, text);
    if (tokenCount(next) === 0)
      throw new RangeError("teacher: expected answers of some length, got only empty ones");
    texts.push(...next.filter(({ tokens: own }) => own.length > 0));
  }
  return firstTokens("written", texts, tokens);
}

function schemeOf({ mark, key }: LessonOrder, part: number, desk: WritingDesk): Scheme | null {
  if (mark === null) return null;
  return bindScheme(profileOf(mark, desk.material), studyKey(key, part), desk.kernel);
}

interface Writing {
  readonly model: LanguageModel;
  readonly prompts: readonly Text[];
  readonly random: Random;
  readonly scheme: Scheme | null;
  readonly part: number;
  readonly teacher: WritingTeacherSetting;
}

const MASKING = {
  none: "mark",
  single_turn: "skip",
  all: "skip-shown",
} as const satisfies Record<string, EmbedOptions["repeatedContexts"]>;

async function writeText(writing: Writing, left: number): Promise<Text> {
  const { model, prompts, random, scheme, part, teacher } = writing;
  const from = prompts[below(random, prompts.length)];
  const isGreedy = random.next() < teacher.greedy;
  const prompt = from.tokens.subarray(0, PROMPT);
  const options = {
    scheme,
    random,
    maxTokens: Math.min(left, teacher.textLength),
    repeatedContexts: MASKING[teacher.repeatedContexts],
    sampling: {
      temperature: isGreedy ? 0 : teacher.temperature,
      topK: 0,
      topP: teacher.topP,
      minP: 0,
      repetitionPenalty: 1,
    },
  };
  const written =
    teacher.targets === 0
      ? { tokens: await generate(model, prompt, options) }
      : await writeWithTargets(model, prompt, { ...options, k: teacher.targets });
  return { prompt: from.prompt, part, ...written };
}

/** Share of a recorded teacher's unmarked texts that the audit has. */
const HELD_OUT = 1 / 3;

/** The material's own texts under a mark, or without one. @throws RangeError for a mark or key that it does not have */
export function recorded(
  { mark, key, purpose, seed }: LessonOrder,
  { material }: Pick<WritingDesk, "material">,
): readonly Text[] {
  if (key !== 0) throw new RangeError(`keys: expected 1 with a recorded teacher, got ${key + 1}`);
  if (mark !== null)
    return recordedArm(mark, material.arms).texts.map((text) => ({ ...text, part: 0 }));
  const order = shuffled(material.unmarked, randomStream("recorded", seed));
  const cut = Math.round(HELD_OUT * order.length);
  return purpose === "held-out" ? order.slice(0, cut) : order.slice(cut);
}
