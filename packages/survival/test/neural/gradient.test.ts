import * as ort from "onnxruntime-node";
import { expect, test } from "vitest";
import { parameterCount, parameterLayout } from "../../src/neural/layout.js";
import type { ModelShape } from "../../src/neural/layout.js";
import { gradientGraph, named } from "../../src/neural/model.js";
import { lehmer } from "@verdigris/core/testing";

const plain = { vocabularySize: 11, width: 4, layers: 2, heads: 2, contextLength: 5 };
const BATCH = 3;
const ROWS = BATCH * plain.contextLength;

interface Subject {
  readonly shape: ModelShape;
  /** k: learn a teacher's probabilities. */
  readonly targets: number;
}

/** Random inputs of a gradient graph: weights far from small initial values, so that no gradient hides near zero. */
function inputsOf({ shape, targets }: Subject): {
  readonly parameters: Float64Array;
  readonly feeds: Record<string, ort.Tensor>;
} {
  const random = lehmer(7);
  const ids = (n: number): Int32Array =>
    Int32Array.from({ length: n }, () => Math.floor(random.next() * shape.vocabularySize));
  const floats = (n: number, low: number, high: number): Float64Array =>
    Float64Array.from({ length: n }, () => low + (high - low) * random.next());
  const parameters = floats(parameterCount(shape), -0.6, 0.6);
  const tokens = new ort.Tensor("int32", ids(ROWS + BATCH), [BATCH, shape.contextLength + 1]);
  if (targets === 0) return { parameters, feeds: { tokens } };
  const targetIds = new ort.Tensor("int32", ids(ROWS * targets), [ROWS, targets]);
  const targetP = new ort.Tensor("float64", floats(ROWS * targets, 0, 0.4), [ROWS, targets]);
  return { parameters, feeds: { tokens, targetIds, targetP } };
}

test.each<[string, Subject]>([
  ["tokens", { shape: plain, targets: 0 }],
  ["a teacher's probabilities", { shape: plain, targets: 3 }],
  ["tokens through adapters", { shape: { ...plain, adapterRank: 2 }, targets: 0 }],
])(
  "learning %s: every entry of every gradient agrees with a central difference",
  async (_, subject) => {
    const { shape, targets } = subject;
    const model = gradientGraph(shape, { batch: BATCH, targets, type: "float64" });
    const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1 });
    const { parameters, feeds } = inputsOf(subject);
    const layout = parameterLayout(shape);
    const evaluate = async (at: Float64Array): Promise<Record<string, ort.Tensor>> => {
      const tensors = layout.map(({ name, shape: dims, offset, size }) => {
        return [name, new ort.Tensor("float64", at.subarray(offset, offset + size), dims)];
      });
      return session.run({ ...feeds, ...Object.fromEntries(tensors) });
    };
    // Central differences in float64: truncation ~ step², cancellation ~ 2⁻⁵²/step, so ~1e-10 here.
    const step = 1e-5;
    const lossAt = async (index: number, shift: number): Promise<number> => {
      const moved = parameters.slice();
      moved[index] += shift;
      return ((await evaluate(moved))["loss"].data as Float64Array)[0];
    };
    const outputs = await evaluate(parameters);
    const trained = layout.filter((tensor) => tensor.trained);
    expect(Object.keys(outputs).length).toBe(1 + trained.length);
    for (const { name, offset, size } of trained) {
      const gradient = outputs[named("gradient", name)].data as Float64Array;
      expect(gradient.length).toBe(size);
      let norm = 0;
      for (let i = 0; i < size; i++) {
        const difference =
          ((await lossAt(offset + i, step)) - (await lossAt(offset + i, -step))) / (2 * step);
        expect({ name, i, agrees: Math.abs(gradient[i] - difference) < 5e-9 }).toStrictEqual({
          name,
          i,
          agrees: true,
        });
        norm += gradient[i] ** 2;
      }
      // A check against zero would pass for a gradient that is never computed.
      expect({ name, moves: Math.sqrt(norm) > 1e-3 }).toStrictEqual({ name, moves: true });
    }
  },
);
