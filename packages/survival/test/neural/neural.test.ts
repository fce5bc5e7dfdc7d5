import { afterEach, describe, expect, test, vi } from "vitest";
import { createNeuralModel } from "../../src/neural/index.js";
import type { NeuralConfig, NeuralModel } from "../../src/neural/index.js";
import { initialParameters, parameterLayout } from "../../src/neural/layout.js";
import { gradientGraph, named } from "../../src/neural/model.js";
import { loadRuntime, openSession } from "../../src/neural/runtime.js";
import { lehmer } from "@verdigris/core/testing";

const config: NeuralConfig = {
  vocabularySize: 16,
  width: 16,
  layers: 2,
  heads: 2,
  contextLength: 8,
  batch: 4,
  learningRate: 0.01,
};

/** B sequences in which each token is the one before plus 3, modulo V. */
function cycle(seed: number): Int32Array {
  const random = lehmer(seed);
  const length = config.contextLength + 1;
  const starts = Array.from({ length: config.batch }, () => Math.floor(random.next() * 16));
  return Int32Array.from(
    starts.flatMap((start) =>
      Array.from({ length }, (_, t) => (start + 3 * t) % config.vocabularySize),
    ),
  );
}

async function trained(
  steps: number,
): Promise<{ readonly model: NeuralModel; readonly losses: readonly number[] }> {
  const model = await createNeuralModel(config, lehmer(5));
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) losses.push(await model.step(cycle(i + 1)));
  return { model, losses };
}

const argmax = (row: Float32Array): number => row.indexOf(Math.max(...row));

describe("training", () => {
  test("starts near the uniform loss and learns a deterministic sequence", async () => {
    const { model, losses } = await trained(150);
    // Initial logits are of order ½, so the first loss is within ½ nat of ln V.
    expect(Math.abs(losses[0] - Math.log(16))).toBeLessThan(0.5);
    expect(losses[149]).toBeLessThan(0.1);
    const logits = await model.logits([Int32Array.of(4), Int32Array.of(2, 5, 8)]);
    expect(argmax(logits.subarray(0, 16))).toBe(7);
    expect(argmax(logits.subarray(16))).toBe(11);
    await model.dispose();
  });

  test("a step leaves no copy of the model behind", async () => {
    const wide = { ...config, vocabularySize: 4096 };
    const model = await createNeuralModel(wide, lehmer(5));
    const step = (): Promise<number> => model.step(cycle(1));
    for (let i = 0; i < 3; i++) await step();
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 10; i++) await step();
    const bytesOfThree = 3 * 4 * model.parameterCount;
    // The engine's copies of parameters and moments would be ten times as much: too little to bring a collection about.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * bytesOfThree);
    await model.dispose();
  });

  test("the same seed gives the same losses and parameters, bit for bit", async () => {
    const [a, b] = [await trained(20), await trained(20)];
    expect(b.losses).toStrictEqual(a.losses);
    expect(b.model.parametersDigest()).toBe(a.model.parametersDigest());
    await Promise.all([a.model.dispose(), b.model.dispose()]);
  });

  test("another seed gives other parameters", async () => {
    const [a, b] = [
      await createNeuralModel(config, lehmer(1)),
      await createNeuralModel(config, lehmer(2)),
    ];
    expect(a.parametersDigest()).not.toBe(b.parametersDigest());
    await Promise.all([a.dispose(), b.dispose()]);
  });

  test("the first step lowers the loss by the learning rate times the gradient's L1 norm", async () => {
    // Bias-corrected Adam moves every parameter by rate·sign(g) at t = 1; without the correction
    // the fall would be (1 − β₁)/√(1 − β₂) = .45 of this. Curvature is of second order in the rate.
    const rate = 1e-4;
    const runtime = await loadRuntime();
    const graph = gradientGraph(config, { batch: config.batch });
    const session = await openSession(runtime, graph, 1);
    const initial = initialParameters(config, lehmer(5));
    const layout = parameterLayout(config);
    const tensors = layout.map(({ name, shape, offset, size }) => {
      return [name, new runtime.Tensor("float32", initial.subarray(offset, offset + size), shape)];
    });
    const gradients = await session.run({
      ...Object.fromEntries(tensors),
      tokens: new runtime.Tensor("int32", cycle(1), [config.batch, config.contextLength + 1]),
    });
    const norm = layout
      .flatMap(({ name }) => [...(gradients[named("gradient", name)].data as Float32Array)])
      .reduce((sum, g) => sum + Math.abs(g), 0);
    const { model } = await trained(0);
    const before = await model.step(cycle(1), { learningRate: rate });
    const fall = before - (await model.loss(cycle(1)));
    expect(fall / (rate * norm)).toBeGreaterThan(0.9);
    expect(fall / (rate * norm)).toBeLessThan(1.1);
    await Promise.all([model.dispose(), session.release()]);
  });
});

describe("queries", () => {
  test("loss is the step's loss, and leaves the parameters alone", async () => {
    const { model } = await trained(3);
    const digest = model.parametersDigest();
    const loss = await model.loss(cycle(9));
    expect(model.parametersDigest()).toBe(digest);
    // Two graphs may fuse products differently: agreement to float32 rounding.
    expect(await model.step(cycle(9))).toBeCloseTo(loss, 5);
    await model.dispose();
  });

  test("logits agree with the loss", async () => {
    const { model } = await trained(10);
    const sequence = Int32Array.from({ length: 9 }, (_, t) => (3 * t) % 16);
    const prefixes = Array.from({ length: 8 }, (_, t) => sequence.slice(0, t + 1));
    const logits = await model.logits(prefixes);
    const surprises = prefixes.map((prefix, i) => {
      const row = [...logits.subarray(i * 16, (i + 1) * 16)];
      const logSum = Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0));
      return logSum - row[sequence[prefix.length]];
    });
    const mean = surprises.reduce((a, b) => a + b, 0) / surprises.length;
    const batch = Int32Array.from({ length: 4 * 9 }, (_, i) => sequence[i % 9]);
    expect(await model.loss(batch)).toBeCloseTo(mean, 4);
    await model.dispose();
  });

  test("only the last contextLength tokens count, in any company", async () => {
    const { model } = await trained(3);
    const recent = Int32Array.from([1, 4, 7, 10, 13, 0, 3, 6]);
    const long = Int32Array.from([9, 9, ...recent]);
    const [alone, together] = [await model.logits([recent]), await model.logits([long, recent])];
    for (const row of [together.subarray(0, 16), together.subarray(16)]) {
      row.forEach((logit, v) => expect(logit).toBeCloseTo(alone[v], 4));
    }
    await model.dispose();
  });

  test("more contexts than one run takes, and none", async () => {
    const { model } = await trained(0);
    const contexts = Array.from({ length: 70 }, (_, i) => Int32Array.of(i % 16));
    const logits = await model.logits(contexts);
    expect(logits.length).toBe(70 * 16);
    expect(logits[69 * 16 + 2]).toBeCloseTo(logits[5 * 16 + 2], 4);
    expect((await model.logits([])).length).toBe(0);
    await model.dispose();
  });

  test("calls made without waiting run in order", async () => {
    const { model, losses } = await trained(4);
    const other = await createNeuralModel(config, lehmer(5));
    const parallel = await Promise.all([1, 2, 3, 4].map((seed) => other.step(cycle(seed))));
    expect(parallel).toStrictEqual(losses);
    await Promise.all([model.dispose(), other.dispose()]);
  });
});

describe("errors", () => {
  let model: NeuralModel | undefined;
  afterEach(async () => {
    vi.doUnmock("onnxruntime-node");
    vi.resetModules();
    await model?.dispose();
    model = undefined;
  });

  test.each([
    [{ width: 15 }, /width: expected a multiple of heads = 2, got 15/],
    [{ layers: 0 }, /layers: expected an integer in \[1, 64\], got 0/],
    [{ batch: 1.5 }, /batch/],
    [{ learningRate: 0 }, /learningRate: expected a number > 0, got 0/],
  ])("refuses the configuration %o", async (overrides, message) => {
    const creation = createNeuralModel({ ...config, ...overrides }, lehmer(1));
    await expect(creation).rejects.toThrow(RangeError);
    await expect(createNeuralModel({ ...config, ...overrides }, lehmer(1))).rejects.toThrow(
      message,
    );
  });

  test("refuses batches of the wrong size and ids outside the vocabulary", async () => {
    model = await createNeuralModel(config, lehmer(1));
    await expect(model.step(new Int32Array(35))).rejects.toThrow(/= 36 entries, got 35/);
    await expect(model.loss(new Int32Array(36).fill(16))).rejects.toThrow(/\[0, 16\), got 16/);
    await expect(model.logits([Int32Array.of(-1)])).rejects.toThrow(/\[0, 16\), got -1/);
    await expect(model.logits([new Int32Array(0)])).rejects.toThrow(/at least 1 token/);
  });

  test("a disposed model rejects, and may be disposed of again", async () => {
    const { model: disposed } = await trained(1);
    await disposed.dispose();
    await disposed.dispose();
    await expect(disposed.step(cycle(1))).rejects.toThrow(/disposed/);
  });

  test("a missing engine is named", async () => {
    vi.resetModules();
    vi.doMock("onnxruntime-node", () => {
      throw new Error("Cannot find package 'onnxruntime-node'");
    });
    const fresh = await import("../../src/neural/index.js");
    await expect(fresh.createNeuralModel(config, lehmer(1))).rejects.toMatchObject({
      name: "VerdigrisError",
      code: "PEER_MISSING",
    });
  });
});
