import { type Text, corpusOf, tokenCount } from "../corpus.js";
import { trainingAttack } from "../training-attacks/index.js";
import type { Material } from "../material.js";
import type { Bench } from "./bench.js";
import type { Study } from "./config.js";
import { recorded, sharesOf } from "./lessons.js";
import type { LessonOrder, RunOrder } from "./orders.js";
import { DEFAULT_COUNT_TEACHER, type Setting } from "./setting.js";

/** Everything a run reads. */
export interface RunTexts {
  readonly markedOrder: LessonOrder;
  readonly marked: readonly Text[];
  readonly filler: readonly Text[];
  readonly heldOut: readonly Text[];
  /** For attacks: text without the mark, and other providers' text. */
  readonly clean: readonly Text[];
  readonly foreign: readonly Text[];
  /** Share of the marked tokens that each part of the keyring has. */
  readonly shares: readonly number[];
}

/** Tokens of a piece of human text in a corpus. */
const PIECE = 120;

/** The lessons a run will ask for, so that a study can have them written first. */
export function lessonsOf(order: RunOrder, bench: Place): readonly LessonOrder[] {
  return Object.values(ordersOf(order, bench)).filter((lesson) => lesson !== null);
}

/** What an order of texts depends on besides the run. */
type Place = { readonly study: Study; readonly material: Pick<Material, "digest"> };

/** Why there is too little text for a run; null if there is enough. A teacher that writes now writes as much as it is asked to. */
export function shortageOf(
  order: RunOrder,
  { study, material }: { readonly study: Study; readonly material: Material },
): string | null {
  const { rho, filler: kind, tokens, attack } = order.setting;
  const { marked, filler, clean } = ordersOf(order, { study, material });
  const stock = (lesson: LessonOrder | null): number =>
    lesson?.teacher.kind === "recorded" ? tokenCount(recorded(lesson, { material })) : Infinity;
  const own = Math.round(rho * tokens);
  const humanFiller = kind === "human" && own < tokens;
  const supplies = [
    { of: "marked text", most: stock(marked), needed: own },
    humanFiller
      ? {
          of: "human filler, as the material has no more (material.humanTokensPerFile)",
          most: tokenCount(pieces(material.human)),
          needed: tokens - own,
        }
      : { of: "unmarked text", most: stock(filler), needed: tokens - own },
    {
      of: `clean text for ${attack?.kind}`,
      most: stock(clean),
      needed: clean === null ? 0 : cleanBudget(order.setting),
    },
  ];
  const short = supplies.find(({ most, needed }) => needed > most);
  if (short === undefined) return null;
  const { of, most, needed } = short;
  return `tokens: expected at most ${most} of ${of}, got ${needed} (tokens = ${tokens}, rho = ${rho})`;
}

/** Whether the corpus carries the teacher's probabilities, before any attack, for the last student that learns. */
export function carriesTargets(setting: Setting): boolean {
  if (setting.generations > 1) return false;
  if (setting.rho > 0) return hasTargets(setting.teacher);
  if (setting.filler === "human") return false;
  return hasTargets(setting.filler === "machine" ? otherMachine(setting.teacher) : setting.teacher);
}

const hasTargets = (teacher: Setting["teacher"]): boolean =>
  "targets" in teacher && teacher.targets > 0;

/** What a run reads, written or as it was stored. */
export async function textsOf(order: RunOrder, bench: Bench): Promise<RunTexts> {
  const { marked, filler, heldOut, clean, foreign } = ordersOf(order, bench);
  const written = async (lesson: LessonOrder | null): Promise<readonly Text[]> =>
    lesson === null ? [] : bench.lesson(lesson);
  const human = order.setting.rho < 1 && order.setting.filler === "human";
  const texts = await written(marked);
  return {
    markedOrder: marked,
    marked: texts,
    filler: human ? pieces(bench.material.human) : await written(filler),
    heldOut: await written(heldOut),
    clean: await written(clean),
    foreign: await written(foreign),
    shares: realisedShares(texts, order.setting.keyring),
  };
}

type Orders = Readonly<Record<"filler" | "clean" | "foreign", LessonOrder | null>> &
  Readonly<Record<"marked" | "heldOut", LessonOrder>>;

function ordersOf({ setting, key, seed }: RunOrder, bench: Place): Orders {
  const { teacher, mark, keyring, tokens, rho, filler, attack } = setting;
  const plain = plainly(teacher);
  const common = {
    material: bench.material.digest,
    source: "unmarked",
    teacher,
    mark: null,
    keyring: { kind: "one" },
    key,
    seed: `${bench.study.seed}/${seed}`,
    tokens,
  } as const;
  const other = { ...common, source: "human", teacher: otherMachine(teacher) } as const;
  const reads = attack === null ? [] : trainingAttack(attack).reads;
  const competes = rho < 1 && filler !== "human";
  return {
    marked: { ...common, purpose: "marked", mark, keyring },
    filler: competes ? { ...(filler === "machine" ? other : common), purpose: "filler" } : null,
    heldOut: {
      ...common,
      teacher: plain,
      purpose: "held-out",
      tokens: bench.study.audit.heldOut,
    },
    clean: reads.includes("cleanTexts")
      ? { ...other, purpose: "clean", tokens: cleanTokens(setting) }
      : null,
    foreign: reads.includes("foreignTexts")
      ? { ...common, purpose: "foreign", mark, key: -1 - key }
      : null,
  };
}

/** Who writes other people's machine text: the same kind of teacher, unless that takes too long. */
function otherMachine(teacher: Setting["teacher"]): Setting["teacher"] {
  const isSlow = teacher.kind === "model" || teacher.kind === "endpoint";
  return isSlow ? DEFAULT_COUNT_TEACHER : plainly(teacher);
}

/** The same teacher at its own distribution. */
function plainly(teacher: Setting["teacher"]): Setting["teacher"] {
  if (teacher.kind === "recorded") return teacher;
  if (teacher.kind === "endpoint") return { ...teacher, temperature: 1 };
  return { ...teacher, temperature: 1, topP: 1, greedy: 0, repeatedContexts: "none" };
}

/** What the attack says it needs, and as much as the corpus at least. */
function cleanTokens(setting: Setting): number {
  return Math.max(setting.tokens, cleanBudget(setting));
}

function cleanBudget({ attack, tokens }: Setting): number {
  if (attack === null) return 0;
  const blank = { prompt: "", tokens: new Uint32Array(tokens) };
  return trainingAttack(attack).budget(corpusOf([blank], [true])).cleanTokens;
}

/** Human text in pieces as long as an answer. */
function pieces(texts: readonly Text[]): readonly Text[] {
  return texts.flatMap(({ prompt, tokens }) =>
    Array.from({ length: Math.floor(tokens.length / PIECE) }, (_, i) => ({
      prompt: `${prompt} ${i}`,
      tokens: tokens.subarray(i * PIECE, (i + 1) * PIECE),
    })),
  );
}

function realisedShares(texts: readonly Text[], keyring: Setting["keyring"]): readonly number[] {
  const all = tokenCount(texts);
  const own = sharesOf(keyring).map(() => 0);
  for (const { part = 0, tokens } of texts) own[part] += tokens.length;
  return own.map((tokens) => tokens / all);
}
