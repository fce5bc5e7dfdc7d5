import { fileURLToPath } from "node:url";
import { SharedVocabulary } from "@verdigris/detector";
import { readTokenizer } from "@verdigris/text";
import { expect, it } from "vitest";
import { frequentPieces, splitWords } from "../../src/neural/vocabulary.js";

const path = fileURLToPath(
  new URL("../../../../fixtures/models/smollm2/tokenizer.json", import.meta.url),
);

it("words of its own are shared with a real tokenizer where they are one token of it", async () => {
  const teacher = await readTokenizer(path);
  const sentence = "The cat sat on the mat, and antidisestablishmentarianism sat on the cat. ";
  const tokens = teacher.encode(sentence.repeat(20));
  const vocabulary = frequentPieces([{ prompt: "p", tokens }], 12, { teacher, split: splitWords });
  const shared = Array.from(vocabulary.ids, (id) => teacher.decode(Uint32Array.of(id)));
  expect(shared).toContain(" cat");
  expect(shared).toContain(" sat");
  // Twelve pieces, of which the stand-in and the long word are no token of the teacher.
  expect(vocabulary.size).toBe(12);
  expect(vocabulary.ids.length).toBe(10);
  const cat = vocabulary.own[shared.indexOf(" cat")];
  expect(vocabulary.encode(teacher.encode(" cat zebra cat"))).toStrictEqual(
    Int32Array.of(cat, 0, cat),
  );
  expect(splitWords(sentence).join("")).toBe(sentence);

  // Where it can be asked: at ends of words, of those it knows and of those that it does not.
  const { speller: suspect } = vocabulary;
  if (suspect === undefined) throw new Error("expected pieces of its own to have a speller");
  const spoken = new SharedVocabulary({ teacher, suspect });
  expect(spoken.size).toBe(10);
  const ends = spoken.contexts(["The antidisestablishmentarianism sat"], 1);
  expect(ends.map((context) => teacher.decode(context.teacher))).toEqual([
    "The",
    "The antidisestablishmentarianism",
    "The antidisestablishmentarianism sat",
  ]);
});
