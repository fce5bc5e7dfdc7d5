import { expect, test } from "vitest";
import { lehmer } from "@verdigris/core/testing";
import { createNeuralModel } from "../../src/neural/index.js";
import { foldAdapters, initialParameters, parameterCount } from "../../src/neural/layout.js";

const shape = { vocabularySize: 16, width: 16, layers: 2, heads: 2, contextLength: 8 };
const adapted = { ...shape, adapterRank: 2, batch: 4 };
const contexts = [Int32Array.of(1, 2, 3), Int32Array.of(7)];

test("training moves adapters alone, and folded into the matrices they compute the same", async () => {
  const base = initialParameters(shape, lehmer(1));
  const model = await createNeuralModel(adapted, initialParameters(adapted, lehmer(2), base));
  const plain = await createNeuralModel({ ...shape, batch: 4 }, base);
  expect(await model.logits(contexts)).toStrictEqual(await plain.logits(contexts));
  const random = lehmer(3);
  for (let i = 0; i < 10; i++) {
    const tokens = Int32Array.from({ length: 36 }, () => Math.floor(16 * random.next() ** 2));
    await model.step(tokens, { learningRate: 0.05 });
  }
  const trained = await model.parameters();
  const size = parameterCount(shape);
  expect(trained.subarray(0, size)).toStrictEqual(base);
  const folded = await createNeuralModel({ ...shape, batch: 4 }, foldAdapters(adapted, trained));
  const [own, same] = [await model.logits(contexts), await folded.logits(contexts)];
  const before = await plain.logits(contexts);
  for (const [i, value] of own.entries()) expect(same[i]).toBeCloseTo(value, 4);
  expect(Math.max(...own.map((value, i) => Math.abs(value - before[i])))).toBeGreaterThan(0.1);
  await Promise.all([model.dispose(), plain.dispose(), folded.dispose()]);
});
