import * as ort from "onnxruntime-node";
import { expect, test } from "vitest";
import { gradientGraph, parameterCount, parameterLayout } from "../../src/neural/model.js";
import { sizeOf } from "../../src/neural/ops.js";
import { lehmer } from "@verdigris/core/testing";

const shape = { vocabularySize: 11, width: 4, layers: 2, heads: 2, contextLength: 5 };
const BATCH = 3;
const random = lehmer(7);

/** Parameters far from their small initial values, so that no gradient hides near zero. */
const parameters = Float64Array.from(
  { length: parameterCount(shape) },
  () => 0.6 * (2 * random.next() - 1),
);
const tokens = Int32Array.from({ length: BATCH * (shape.contextLength + 1) }, () =>
  Math.floor(random.next() * shape.vocabularySize),
);

async function evaluate(
  session: ort.InferenceSession,
  at: Float64Array,
): Promise<{ readonly loss: number; readonly gradient: Float64Array }> {
  const outputs = await session.run({
    parameters: new ort.Tensor("float64", at, [at.length]),
    tokens: new ort.Tensor("int32", tokens, [BATCH, shape.contextLength + 1]),
  });
  const loss = outputs["loss"].data as Float64Array;
  return { loss: loss[0], gradient: outputs["gradient"].data as Float64Array };
}

test("every entry of every parameter's gradient agrees with a central difference", async () => {
  const session = await ort.InferenceSession.create(gradientGraph(shape, BATCH, "float64"), {
    intraOpNumThreads: 1,
  });
  const { gradient } = await evaluate(session, parameters);
  // Central differences in float64: truncation ~ step², cancellation ~ 2⁻⁵²/step, so ~1e-10 here.
  const step = 1e-5;
  const lossAt = async (index: number, shift: number): Promise<number> => {
    const moved = parameters.slice();
    moved[index] += shift;
    return (await evaluate(session, moved)).loss;
  };
  let offset = 0;
  for (const [tensor, { shape: dims }] of parameterLayout(shape).entries()) {
    let norm = 0;
    for (const end = offset + sizeOf(dims); offset < end; offset++) {
      const difference =
        ((await lossAt(offset, step)) - (await lossAt(offset, -step))) / (2 * step);
      expect(gradient[offset], `tensor ${tensor}, entry ${offset}`).toBeCloseTo(difference, 8);
      norm += gradient[offset] ** 2;
    }
    // A check against zero would pass for a gradient that is never computed.
    expect(Math.sqrt(norm), `tensor ${tensor}`).toBeGreaterThan(1e-3);
  }
  expect(offset).toBe(parameters.length);
});
