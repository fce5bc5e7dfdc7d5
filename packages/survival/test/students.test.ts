import { describe, expect, it } from "vitest";
import type { Corpus } from "../src/index.js";
import { randomStream } from "../src/index.js";
import { countStudent } from "../src/students/count.js";
import type { OwnPieces } from "../src/neural/vocabulary.js";
import { type NeuralStudentOptions, neuralStudent } from "../src/students/neural.js";
import type { Student } from "../src/students/student.js";
import { V, plainTexts } from "./support.js";

const corpusOf = (seed: number): Corpus => {
  const texts = plainTexts(20, 50, seed);
  return { texts, marked: texts.map(() => true), tokenCount: 1000, rho: 1 };
};
const both = (a: Corpus, b: Corpus): Corpus => ({
  texts: [...a.texts, ...b.texts],
  marked: [...a.marked, ...b.marked],
  tokenCount: a.tokenCount + b.tokenCount,
  rho: 1,
});

describe("count student", () => {
  const apprenticeship = countStudent({
    vocabularySize: V,
    order: 3,
    inertia: 20,
    base: plainTexts(5, 50, 8),
  });
  const random = randomStream("unused");
  const heldOut = plainTexts(5, 50, 9);
  const contexts = heldOut.map(({ tokens }) => tokens.subarray(0, 4));
  const [first, second] = [corpusOf(1), corpusOf(2)];

  it("that goes on from an earlier one has counted both corpora", async () => {
    const early = await apprenticeship.train(first, random);
    const before = await early.predict(contexts);
    const later = await apprenticeship.train(second, random, early);
    const once = await apprenticeship.train(both(first, second), random);
    expect(await later.predict(contexts)).toStrictEqual(await once.predict(contexts));
    expect(await later.loss(heldOut)).toBe(await once.loss(heldOut));
    expect(await early.predict(contexts)).toStrictEqual(before);
    expect(await later.loss(heldOut)).not.toBe(await early.loss(heldOut));
  });

  it("merged with another predicts the weighted mean, and draws from it", async () => {
    const [a, b] = [
      await apprenticeship.train(first, random),
      await apprenticeship.train(second, random),
    ];
    const mixed = await a.merged?.(b, 0.25);
    const [p, pa, pb] = await Promise.all(
      [mixed, a, b].map(async (student) => {
        const [{ ids, p: values }] = (await student?.predict(contexts)) ?? [];
        return new Map(Array.from(ids, (id, i) => [id, values[i]]));
      }),
    );
    const ids = [...new Set([...pa.keys(), ...pb.keys()])];
    expect([...p.keys()].toSorted()).toStrictEqual(ids.toSorted());
    for (const id of ids) {
      expect(p.get(id)).toBeCloseTo(0.75 * (pa.get(id) ?? 0) + 0.25 * (pb.get(id) ?? 0), 12);
    }
    const repeated = Array.from({ length: 4000 }, () => contexts[0]);
    const drawn = await mixed?.draw(repeated, randomStream("draws"));
    const common = ids.reduce((best, id) => ((p.get(id) ?? 0) > (p.get(best) ?? 0) ? id : best));
    const share = (drawn ?? []).filter((id) => id === common).length / repeated.length;
    // The base model may add to it: at least its mass, less 4 standard errors.
    const mass = p.get(common) ?? 1;
    expect(share).toBeGreaterThan(mass - 4 * Math.sqrt(mass / repeated.length));
  });

  it("merged with weight 0 or 1 is one of the two; other weights are refused", async () => {
    const [a, b] = [
      await apprenticeship.train(first, random),
      await apprenticeship.train(second, random),
    ];
    expect(await (await a.merged?.(b, 0))?.predict(contexts)).toStrictEqual(
      await a.predict(contexts),
    );
    expect(await (await a.merged?.(b, 1))?.predict(contexts)).toStrictEqual(
      await b.predict(contexts),
    );
    await expect(a.merged?.(b, 1.5)).rejects.toThrow(
      "weight: expected a number in [0, 1], got 1.5",
    );
  });

  it("refuses to go on from another kind of student", async () => {
    const other = { ...(await apprenticeship.untrained()) };
    await expect(apprenticeship.train(first, random, other)).rejects.toThrow(
      /^from: expected a count/,
    );
  });
});

describe("neural student", () => {
  const settings: NeuralStudentOptions = {
    vocabularySize: 64,
    width: 16,
    layers: 1,
    heads: 2,
    contextLength: 8,
    batch: 8,
    learningRate: 0.01,
    epochs: 2,
    gain: 1,
    base: plainTexts(20, 50, 8),
  };
  const apprenticeship = neuralStudent(settings);
  const heldOut = plainTexts(20, 50, 9);
  const corpus = corpusOf(1);
  const early = apprenticeship.train(corpus, randomStream("early"));

  it("that goes on from an earlier one starts where that is, and leaves it as it is", async () => {
    const before = await (await early).loss(heldOut);
    const nothing = { ...corpus, texts: [] };
    const copy = await apprenticeship.train(nothing, randomStream("copy"), await early);
    const later = await apprenticeship.train(corpus, randomStream("later"), await early);
    expect(await copy.loss(heldOut)).toBe(before);
    expect(await later.loss(heldOut)).toBeLessThan(before);
    expect(await (await early).loss(heldOut)).toBe(before);
    await Promise.all([copy.dispose(), later.dispose()]);
  });

  it("rounded to 8 bits is nearly itself, and to 2 bits is not", async () => {
    const student = await early;
    const losses = await Promise.all(
      [16, 8, 2].map(async (bits) => (await student.quantised?.(bits))?.loss(heldOut)),
    );
    const own = await student.loss(heldOut);
    const [finest, fine, coarse] = losses.map((loss) => Math.abs((loss ?? Number.NaN) - own));
    expect(finest).toBeLessThan(1e-4);
    expect(fine).toBeLessThan(0.01);
    expect(coarse).toBeGreaterThan(0.03);
    await expect(student.quantised?.(1)).rejects.toThrow(/bits: expected an integer in \[2, 16\]/);
  });

  it("merged with another has the linear average of their weights", async () => {
    const student = await early;
    const other = await apprenticeship.untrained();
    const contexts = heldOut.map(({ tokens }) => tokens.subarray(0, 4));
    for (const [weight, expected] of [
      [0, student],
      [1, other],
    ] as const) {
      const merged = await student.merged?.(other, weight);
      expect(await merged?.predict(contexts)).toStrictEqual(await expected.predict(contexts));
    }
    const there = await student.merged?.(other, 0.25);
    const back = await other.merged?.(student, 0.75);
    expect(await back?.loss(heldOut)).toBeCloseTo((await there?.loss(heldOut)) ?? Number.NaN, 6);
    expect(await there?.loss(heldOut)).not.toBe(await student.loss(heldOut));
    const stranger = { ...(await apprenticeship.untrained()) } as Student;
    await expect(student.merged?.(stranger, 0.5)).rejects.toThrow(
      /^other: expected a student of this/,
    );
  });

  it("with pretraining knows clean text before it sees a corpus", async () => {
    const pretraining = { texts: plainTexts(20, 50, 10), epochs: 4 };
    const [fresh, pretrained] = await Promise.all(
      [settings, { ...settings, pretraining }].map((all) => neuralStudent(all).untrained()),
    );
    expect(await pretrained.loss(heldOut)).toBeLessThan((await fresh.loss(heldOut)) - 0.1);
    await Promise.all([fresh.dispose(), pretrained.dispose()]);
  });

  it("with adapters learns, and starts exactly where it was", async () => {
    const adapted = neuralStudent({ ...settings, adapterRank: 2, learningRate: 0.05, epochs: 20 });
    const start = await adapted.untrained();
    const nothing = await adapted.train({ ...corpus, texts: [] }, randomStream("nothing"));
    const learned = await adapted.train(corpus, randomStream("adapters"));
    expect(await nothing.loss(heldOut)).toBe(await start.loss(heldOut));
    expect(await learned.loss(heldOut)).toBeLessThan((await start.loss(heldOut)) - 0.05);
    await Promise.all([start.dispose(), nothing.dispose(), learned.dispose()]);
  });

  it("refuses to learn probabilities that no text carries", async () => {
    const student = neuralStudent({ ...settings, targets: "probabilities" });
    await expect(student.train(corpus, randomStream("none"))).rejects.toThrow(
      "corpus: expected texts that carry the teacher's probabilities, got none",
    );
    const nothing = await student.train({ ...corpus, texts: [] }, randomStream("none"));
    const later = await student.train(corpus, randomStream("later"), nothing);
    expect(await later.loss(heldOut)).toBeLessThan(await nothing.loss(heldOut));
    await Promise.all([nothing.dispose(), later.dispose()]);
  });

  it("refuses a teacher's probabilities for pieces of its own", async () => {
    const student = neuralStudent({ ...settings, targets: "probabilities", pieces: letterPieces });
    await expect(student.train(corpus, randomStream("pieces"))).rejects.toThrow(
      /^targets: expected/,
    );
  });

  it("with pieces of its own answers in tokens of the teacher", async () => {
    const student = await neuralStudent({
      ...settings,
      vocabularySize: 12,
      pieces: letterPieces,
    }).train(corpus, randomStream("pieces"));
    const contexts = heldOut.map(({ tokens }) => tokens.subarray(0, 4));
    const predictions = await student.predict(contexts);
    const drawn = await student.draw(contexts, randomStream("draw"));
    for (const [i, { ids, p }] of predictions.entries()) {
      // Of the letters' pieces only the 10 digits are tokens of this teacher.
      expect([...ids].every((id) => id < 10)).toBe(true);
      expect(ids.length).toBeGreaterThan(5);
      expect(p.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 10);
      expect(ids).toContain(drawn[i]);
    }
    await student.dispose();
  });
});

/** A teacher whose tokens spell their own number and a comma, read digit by digit. */
const letterPieces: OwnPieces = {
  teacher: {
    vocabularySize: V,
    identity: { id: "numbers", sha256: "" },
    specialTokens: new Set(),
    encode: (text) => Uint32Array.from(text.match(/\d+/gu) ?? [V, V], Number),
    decode: (ids) => Array.from(ids).join(","),
    bytes: () => new Uint8Array(),
  },
  split: (text) => text.match(/\d|,/gu) ?? [],
};
