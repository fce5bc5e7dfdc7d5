/** L9: the mark fades from generation to generation of students that learn from one another. */
import {
  type Corpus,
  type Text,
  forecast,
  randomStream,
  teacherExcess,
  tokenCount,
} from "@verdigris/survival";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Lab,
  errorOf,
  freeRun,
  lawKey,
  meanOf,
  measured,
  openExcess,
  openLab,
} from "./lab.js";

const KEYS = 5;
const TOKENS = 40_000;
const GENERATIONS = 3;
const H = 1;

describe("laws of generations, count students", () => {
  let lab: Lab;
  /** By generation: ε in each replicate, and the law's forecast from that generation's teacher's text. */
  const epsilon: number[][] = Array.from({ length: GENERATIONS }, () => []);
  const expected: number[][] = Array.from({ length: GENERATIONS }, () => []);

  beforeAll(async () => {
    lab = await openLab();
    const prompts = lab.material.unmarked.slice(0, 300);
    for (let k = 0; k < KEYS; k++) {
      const scheme = lab.scheme(H, lawKey(k));
      const contexts = lab.contexts(H, 2500, k);
      let texts: readonly Text[] = await lab.write(scheme, TOKENS, randomStream("L9", k));
      for (let g = 0; g < GENERATIONS; g++) {
        const corpus: Corpus = {
          texts,
          marked: texts.map(() => true),
          tokenCount: tokenCount(texts),
          rho: 1,
        };
        const law = forecast(scheme, corpus, {
          learner: lab.apprenticeship,
          contexts,
          excess: teacherExcess(scheme, texts),
        });
        const student = await lab.apprenticeship.train(corpus, randomStream("L9", k, g));
        epsilon[g].push((await openExcess(scheme, student, contexts)).epsilon);
        expected[g].push(law.epsilon);
        const run = { tokens: TOKENS, random: randomStream("L9", k, g, "run") };
        if (g + 1 < GENERATIONS) texts = await freeRun(student, prompts, run);
      }
    }
  });

  it("L9: each generation keeps less, the second .25 to .6 of the first", ({ task }) => {
    const means = epsilon.map(meanOf);
    const ratios = epsilon[1].map((second, k) => second / epsilon[0][k]);
    measured(
      task,
      `ε = ${means.map((mean, g) => `${mean.toFixed(4)} ± ${errorOf(epsilon[g]).toFixed(4)}`).join(", ")}; second/first ${meanOf(ratios).toFixed(2)} ± ${errorOf(ratios).toFixed(2)}`,
    );
    for (let g = 1; g < GENERATIONS; g++) expect(means[g]).toBeLessThan(means[g - 1]);
    expect(meanOf(ratios)).toBeGreaterThan(0.25);
    expect(meanOf(ratios)).toBeLessThan(0.6);
  });

  it("L5: the law forecasts every generation from the text of the one before", ({ task }) => {
    measured(
      task,
      expected
        .map(
          (all, g) =>
            `${meanOf(all).toFixed(4)} forecast, ${meanOf(epsilon[g]).toFixed(4)} measured`,
        )
        .join("; "),
    );
    expected.forEach((all, g) => {
      const allowed = 3 * errorOf(epsilon[g]) + 0.1 * meanOf(all);
      expect(Math.abs(meanOf(epsilon[g]) - meanOf(all))).toBeLessThan(allowed);
    });
  });
});
