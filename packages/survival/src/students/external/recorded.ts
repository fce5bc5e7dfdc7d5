import { type Tokens, VerdigrisError, parseWith } from "@verdigris/core";
import type { Draws, Prediction } from "@verdigris/detector";
import * as z from "zod";
import { readTextFile } from "../../text-file.js";
import type { ExternalStudent } from "./external-student.js";

const id = z.int().min(0).max(0xffff_ffff);

/** One line: a context as token ids, the token drawn there, and, if known, probabilities of the likeliest ones. */
const answerSchema = z.strictObject({
  context: z.array(id).min(1),
  token: id,
  ids: z.array(id).optional(),
  p: z.array(z.number().min(0).max(1)).optional(),
});

/**
 * A student's recorded answers (JSONL): whoever holds the model asks it, and need not know key or mark. It answers in the
 * contexts that were recorded, whatever the contexts it is asked in.
 * @throws VerdigrisError FILE_NOT_FOUND, or FILE_INVALID naming line and field
 */
export async function recordedStudent(path: string): Promise<ExternalStudent> {
  const answers = await readAnswers(path);
  const contexts = answers.map(({ context }) => Uint32Array.from(context));
  const shown = answers.every(({ ids, p }) => ids !== undefined && p?.length === ids.length);
  return {
    kind: "recorded",
    draws: async (): Promise<Draws> => ({
      contexts,
      tokens: Uint32Array.from(answers, ({ token }) => token),
    }),
    predict: async (): Promise<readonly Prediction[] | null> =>
      shown
        ? answers.map(({ ids = [], p = [] }, i) => ({
            context: contexts[i],
            ids: Uint32Array.from(ids),
            p: Float64Array.from(p),
          }))
        : null,
    dispose: async (): Promise<void> => {},
  };
}

async function readAnswers(path: string): Promise<readonly z.infer<typeof answerSchema>[]> {
  const text = await readTextFile(path);
  return text
    .split("\n")
    .map((line, i) => ({ line, where: `${path}:${i + 1}` }))
    .filter(({ line }) => line.trim() !== "")
    .map(({ line, where }) =>
      parseWith(answerSchema, jsonOf(line, where), { name: where, code: "FILE_INVALID" }),
    );
}

function jsonOf(line: string, where: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch (cause) {
    throw new VerdigrisError("FILE_INVALID", `${where}: is not JSON`, { cause });
  }
}

/** The questions a recorded student is to answer, one JSON object a line: its holder adds `token`, and `ids` and `p`. */
export function questionLines(contexts: readonly Tokens[]): string {
  return contexts
    .map((context) => `${JSON.stringify({ context: Array.from(context) })}\n`)
    .join("");
}
