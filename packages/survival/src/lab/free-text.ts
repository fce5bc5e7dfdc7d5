import type { Random, Tokens } from "@verdigris/core";
import type { Text } from "../corpus.js";
import { below } from "../random.js";
import type { Student } from "../students/index.js";

/** Tokens of a text that a student is shown to go on from. */
const PROMPT = 8;
/** Texts written side by side. */
const SIDE_BY_SIDE = 500;
/** Tokens of context a student is given. */
const CONTEXT = 64;

/** What a student is asked to write. */
export interface FreeTextOptions {
  readonly prompts: readonly Text[];
  /** Tokens in all. */
  readonly tokens: number;
  /** Tokens of one text. */
  readonly length: number;
  readonly random: Random;
}

/** A text a student wrote, and what it was shown. */
export interface FreeText extends Text {
  readonly shown: Tokens;
}

/** Texts of a student's own, drawn token by token. */
export async function writeFreely(
  student: Student,
  { prompts, tokens, length, random }: FreeTextOptions,
): Promise<readonly FreeText[]> {
  const out: FreeText[] = [];
  let left = tokens;
  while (left > 0) {
    const lengths: number[] = [];
    for (; left > 0 && lengths.length < SIDE_BY_SIDE; left -= Math.min(length, left))
      lengths.push(Math.min(length, left));
    const started = lengths.map((own) => ({
      from: prompts[below(random, prompts.length)],
      length: own,
    }));
    out.push(...(await goOn(student, started, random)));
  }
  return out;
}

interface Started {
  readonly from: Text;
  readonly length: number;
}

async function goOn(
  student: Student,
  started: readonly Started[],
  random: Random,
): Promise<readonly FreeText[]> {
  const begun = started.map(({ from: { prompt, tokens }, length }) => {
    const shown = tokens.subarray(0, PROMPT);
    const text = new Uint32Array(shown.length + length);
    text.set(shown);
    return { prompt, shown, text };
  });
  const longest = Math.max(...started.map(({ length }) => length));
  for (let step = 0; step < longest; step++) {
    const writing = begun.filter(({ shown, text }) => shown.length + step < text.length);
    const contexts = writing.map(({ shown, text }) => {
      const end = shown.length + step;
      return text.subarray(Math.max(0, end - CONTEXT), end);
    });
    const drawn = await student.draw(contexts, random);
    writing.forEach(({ shown, text }, i) => (text[shown.length + step] = drawn[i]));
  }
  return begun.map(({ prompt, shown, text }) => ({
    prompt,
    shown,
    tokens: text.subarray(shown.length),
  }));
}
