/** A suspect that reads text in pieces of its own: asked where its pieces and the teacher's tokens both end. */
import { SharedVocabulary, closedTest, openTest } from "@verdigris/detector";
import * as z from "zod";
import { type Question, type Subject, answerOf } from "./question.js";

export const schema = z
  .strictObject({})
  .describe(
    "Audit a student with another tokenizer by end offsets that both share; other students are not asked.",
  );

/** Tokens of context a student is given. */
const CONTEXT = 64;

export async function questions(
  _settings: z.infer<typeof schema>,
  { scheme, student, apprenticeship, heldOut, material, contexts, random }: Subject,
): Promise<readonly Question[]> {
  const { speller: suspect } = apprenticeship;
  if (suspect === undefined) return [];
  const { tokenizer: teacher } = material;
  if (teacher === undefined)
    throw new RangeError(
      "material: expected one with a tokenizer for another one's audit, got none",
    );
  const shared = new SharedVocabulary({ teacher, suspect });
  const asked = shared
    .contexts(
      heldOut.map(({ tokens }) => teacher.decode(tokens)),
      scheme.h,
    )
    .slice(0, contexts.oneStep)
    .map((context) => context.teacher.slice(-Math.max(CONTEXT, scheme.h)));
  const draws = { contexts: asked, tokens: await student.draw(asked, random) };
  const predictions = await student.predict(asked.slice(0, contexts.open));
  return [
    { test: "shared ends", access: "closed", under: (own) => answerOf(closedTest(own, draws)) },
    { test: "shared ends", access: "open", under: (own) => answerOf(openTest(own, predictions)) },
  ];
}
