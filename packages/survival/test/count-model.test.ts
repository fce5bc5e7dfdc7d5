import { describe, expect, it } from "vitest";
import { ContextIndex, CountModel, randomStream, uniformModel } from "../src/index.js";
import { V, plainTexts } from "./support.js";

const texts = plainTexts(40, 100, 6);
const index = new ContextIndex(
  texts.map((text) => text.tokens),
  { order: 3, vocabularySize: V },
);
const model = new CountModel(index, { inertia: 10, shortest: 1, base: uniformModel(V) });
const everyToken = Uint32Array.from({ length: V }, (_, id) => id);
const contexts = texts.slice(0, 10).map((text) => text.tokens.subarray(0, 20));

describe("a count model", () => {
  it("predicts a distribution", () => {
    for (const context of contexts) {
      const sum = model.probabilities(context, everyToken).reduce((all, p) => all + p, 0);
      expect(sum).toBeCloseTo(1, 12);
      const { levels, rest } = model.mixture(context);
      expect(levels.reduce((total, level) => total + level.weight, rest)).toBeCloseTo(1, 12);
    }
  });

  it("is the formula of the hierarchical Dirichlet at one level", () => {
    const flat = new CountModel(
      new ContextIndex([Uint32Array.of(1, 2, 1, 2, 1, 3)], { order: 1, vocabularySize: 5 }),
      { inertia: 2, shortest: 1, base: uniformModel(5) },
    );
    const two = Uint32Array.of(2);
    expect(flat.probabilities(Uint32Array.of(1), two)[0]).toBeCloseTo((2 + 2 / 5) / (3 + 2), 12);
    expect(flat.probabilities(Uint32Array.of(4), two)[0]).toBeCloseTo(1 / 5, 12);
  });

  it("draws as it predicts", () => {
    const random = randomStream("draw");
    const [context] = contexts;
    const counts = new Float64Array(V);
    const n = 20_000;
    for (let i = 0; i < n; i++) counts[model.draw(context, random)]++;
    const all = model.probabilities(context, everyToken);
    counts.forEach((count, token) => {
      const p = all[token];
      expect(Math.abs(count - n * p)).toBeLessThan(6.1 * Math.sqrt(n * p) + 7);
    });
  });

  it("tells the masses that training moved, and leaves the rest to the base", () => {
    const mass = new Float64Array(V);
    const [context] = contexts;
    const ids = model.addMasses(model.mixture(context).levels, mass);
    const { rest } = model.mixture(context);
    model.probabilities(context, Uint32Array.from(ids)).forEach((p, i) => {
      expect(mass[ids[i]] + rest / V).toBeCloseTo(p, 12);
    });
  });
});
