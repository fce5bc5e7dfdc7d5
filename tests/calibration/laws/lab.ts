/** What the laws over many keys share: a count-model teacher of recorded text, students of what it wrote, open audits. */
import {
  type Kernel,
  type Key,
  type Random,
  type Scheme,
  type Tokens,
  bindScheme,
  createKernel,
} from "@verdigris/core";
import { decoyKey, openTest } from "@verdigris/detector";
import {
  type Apprenticeship,
  type Material,
  type Student,
  type Text,
  apprentice,
  auditContexts,
  countTeacher,
  randomStream,
  writeTexts,
} from "@verdigris/survival";
import type { TestContext } from "vitest";
import { recordedMaterial } from "../material.js";

export const kernel: Kernel = createKernel();

/** A teacher with a hand in every key, and the count students of it. */
export interface Lab {
  readonly material: Material;
  readonly apprenticeship: Apprenticeship;
  scheme(h: number, key: Key): Scheme;
  /** Text of the teacher: marked by a scheme, or plain. */
  write(scheme: Scheme | null, tokens: number, random: Random): Promise<readonly Text[]>;
  /** Contexts of unmarked text of the teacher, each ending in its own window. */
  contexts(h: number, count: number, seed: number): readonly Tokens[];
}

/** Tokens of one text. */
const LENGTH = 120;

export async function openLab(): Promise<Lab> {
  const material = await recordedMaterial();
  const source = material.unmarked.slice(0, 300);
  const teacher = countTeacher(source, { vocabularySize: material.vocabularySize });
  const write: Lab["write"] = (scheme, tokens, random) =>
    writeTexts(teacher, { scheme, tokens, random, length: LENGTH, prompts: source });
  const heldOut = await write(null, 25_000, randomStream("law lab", "held out"));
  return {
    material,
    apprenticeship: apprentice({ kind: "count", order: 5, inertia: 20 }, material),
    scheme(h: number, key: Key): Scheme {
      const parameters = { gamma: 0.25, delta: 2 };
      return bindScheme(
        { ...material.arms[0].profile, id: `law-h${h}`, h, parameters },
        key,
        kernel,
      );
    },
    write,
    contexts: (h, count, seed) =>
      auditContexts(heldOut, {
        h,
        count,
        random: randomStream("law lab", "audit", seed),
        served: 0,
        log: [],
      }),
  };
}

/** Keys of the laws: `replicate` 0, 1, …, and as many in each as a law asks for. */
export function lawKey(replicate: number, index = 0): Key {
  return decoyKey(30_000 + 100 * replicate + index);
}

/** Open excess of a student under a scheme, and its standard error. */
export async function openExcess(
  scheme: Scheme,
  student: Student,
  contexts: readonly Tokens[],
): Promise<{ readonly epsilon: number; readonly error: number }> {
  const { effect, zScore } = openTest(scheme, await student.predict(contexts));
  return { epsilon: effect, error: zScore === 0 ? 0 : Math.abs(effect / zScore) };
}

/** Text of a student that goes on from prompts by itself, all texts side by side. */
export async function freeRun(
  student: Student,
  prompts: readonly Text[],
  { tokens, random }: { readonly tokens: number; readonly random: Random },
): Promise<readonly Text[]> {
  const texts = Array.from({ length: Math.ceil(tokens / LENGTH) }, (_, i) => {
    const out = new Uint32Array(LENGTH);
    const start = prompts[i % prompts.length].tokens.subarray(0, 8);
    out.set(start);
    return { prompt: String(i), tokens: out, start: start.length };
  });
  for (let at = 0; at < LENGTH; at++) {
    const due = texts.filter(({ start }) => at >= start);
    const drawn = await student.draw(
      due.map((text) => text.tokens.subarray(0, at)),
      random,
    );
    due.forEach((text, i) => (text.tokens[at] = drawn[i]));
  }
  // The prompt is the teacher's: only what the student wrote is taught on.
  return texts.map(({ prompt, tokens: all, start }) => ({ prompt, tokens: all.slice(start) }));
}

/** What a law's test measured, for the table of laws (bench/quality/laws.mjs reads it from the test's meta). */
export function measured(task: TestContext["task"], values: string): void {
  Object.assign(task.meta, { measured: values });
  console.log(`${task.name}: ${values}`);
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard error of a mean over replicates. */
export function errorOf(values: readonly number[]): number {
  const mean = meanOf(values);
  const variance =
    meanOf(values.map((value) => (value - mean) ** 2)) * (values.length / (values.length - 1));
  return Math.sqrt(variance / values.length);
}
