import { type Kernel, type Random, type Tokens, bindScheme } from "@verdigris/core";
import { type Evidence, Tally, evidenceOf } from "@verdigris/detector";
import type { TeacherExcess } from "./law.js";
import type { MarkedArm } from "./corpus.js";
import { below, randomStream } from "./random.js";
import type { CopierControl, TeacherControl } from "./report.js";
import type { Apprenticeship, Student } from "./students/index.js";

/** The teacher's own marked text under its own key. */
export function teacherControl(
  arm: MarkedArm,
  { kernel, excess }: { readonly kernel: Kernel; readonly excess: TeacherExcess },
): TeacherControl {
  const scheme = bindScheme(arm.profile, arm.key, kernel);
  const tally = new Tally(scheme);
  for (const { tokens } of arm.texts) tally.add({ tokens });
  const count = tally.count();
  return {
    profile: arm.profile.id,
    h: scheme.h,
    tokens: count.tokens,
    evidence: evidenceOf(scheme.law, count),
    deltaT: excess.mean,
  };
}

/** How an innocent copier behaves: prompts seen, answer length, and how often and how far it copies. */
const COPIER = { prompts: 200, answer: 100, copyProbability: 0.05, span: 20 } as const;

/**
 * An untrained student is shown marked texts and copies spans from them. Its own words know nothing of the key; only
 * the prompt rule tells its copies from a mark.
 */
export async function copierControl(
  arm: MarkedArm,
  options: {
    readonly apprenticeship: Apprenticeship;
    readonly kernel: Kernel;
    readonly seed: number;
  },
): Promise<CopierControl> {
  const student = await options.apprenticeship.untrained();
  const random = randomStream(options.seed, arm.profile.id, "copier");
  const pieces: { tokens: Tokens; prompt: Tokens }[] = [];
  for (const { tokens: prompt } of arm.texts.slice(0, COPIER.prompts)) {
    if (prompt.length > COPIER.span)
      pieces.push({ prompt, tokens: await copy(student, prompt, random) });
  }
  await student.dispose();
  const score = (promptRule: "exclude-windows" | "none"): Evidence => {
    const scheme = bindScheme({ ...arm.profile, promptRule }, arm.key, options.kernel);
    const tally = new Tally(scheme);
    for (const piece of pieces) tally.add(piece);
    return evidenceOf(scheme.law, tally.count());
  };
  return {
    profile: arm.profile.id,
    h: arm.profile.h,
    withPromptRule: score("exclude-windows"),
    withoutPromptRule: score("none"),
  };
}

/** An answer of the innocent student with spans copied from its prompt. */
async function copy(student: Student, prompt: Tokens, random: Random): Promise<Tokens> {
  const out: number[] = [];
  while (out.length < COPIER.answer) {
    if (random.next() < COPIER.copyProbability) {
      const start = below(random, prompt.length - COPIER.span);
      out.push(...prompt.subarray(start, start + COPIER.span));
    } else {
      const context = Uint32Array.from([...prompt.subarray(-64), ...out.slice(-64)]);
      out.push((await student.draw([context], random))[0]);
    }
  }
  return Uint32Array.from(out.slice(0, COPIER.answer));
}
