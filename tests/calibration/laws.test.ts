/**
 * The laws of survival (survival-science, C.3) on count students. Recorded text cannot be marked again under another
 * key, so laws over keys use a count-model teacher built from the recorded text and marked by the same embedder; the
 * recorded corpus carries the headline (L0, L5, L14). Tolerances are standard errors of the cells compared.
 */
import { type Kernel, type LanguageModel, bindScheme, createKernel } from "@verdigris/core";
import { closedTest, decoyKey, ksUniform, normalLog10Q } from "@verdigris/detector";
import {
  type Cell,
  type LessonOptions,
  type Material,
  type Report,
  type Text,
  apprentice,
  auditContexts,
  countTeacher,
  mixCorpus,
  parseExperiment,
  randomStream,
  runExperiment,
  writeTexts,
} from "@verdigris/survival";
import { beforeAll, describe, expect, it } from "vitest";
import { measured } from "./laws/lab.js";
import { recordedMaterial } from "./material.js";

const KEYS = 5;
const TOKENS = 50_000;

/** A cell averaged over keys: the open effect, its error, and the forecast. */
interface Mean {
  readonly epsilon: number;
  readonly error: number;
  readonly forecast: number;
  readonly deltaT: number;
}

interface Setting {
  readonly h: number;
  readonly delta?: number;
  readonly rho?: number;
  readonly tokens?: number;
  readonly inertia?: number;
}

describe("laws over keys, count-model teacher", () => {
  const kernel: Kernel = createKernel();
  const taught = new Map<string, Promise<Material>>();
  const means = new Map<string, Promise<Mean>>();
  let recorded: Material;
  let teacher: LanguageModel;
  let lesson: Pick<LessonOptions, "tokens" | "length" | "prompts">;
  let plain: readonly Text[];

  beforeAll(async () => {
    recorded = await recordedMaterial();
    const source = recorded.unmarked.slice(0, 300);
    teacher = countTeacher(source, { vocabularySize: recorded.vocabularySize });
    lesson = { tokens: TOKENS, length: 120, prompts: source };
    const random = randomStream("laws", "plain");
    plain = await writeTexts(teacher, { ...lesson, tokens: 1.5 * TOKENS, scheme: null, random });
  });

  /** What a count-model teacher writes with one key and δ, for every width. */
  function teach(keyIndex: number, delta: number, h: number): Promise<Material> {
    const name = `${keyIndex} ${delta} ${h}`;
    const made = taught.get(name) ?? write(keyIndex, delta, h);
    taught.set(name, made);
    return made;
  }

  async function write(keyIndex: number, delta: number, h: number): Promise<Material> {
    const parameters = { gamma: 0.25, delta };
    const profile = { ...recorded.arms[0].profile, id: `law-h${h}`, h, parameters };
    const key = decoyKey(10_000 + keyIndex);
    const scheme = bindScheme(profile, key, kernel);
    const random = randomStream("laws", keyIndex, delta, h);
    return {
      ...recorded,
      digest: `laws ${keyIndex} ${delta} ${h}`,
      arms: [{ profile, key, texts: await writeTexts(teacher, { ...lesson, scheme, random }) }],
      unmarked: plain,
    };
  }

  /** Mean over keys of one cell. */
  function measure(setting: Setting): Promise<Mean> {
    const name = JSON.stringify(setting);
    const made = means.get(name) ?? average(setting);
    means.set(name, made);
    return made;
  }

  async function average(setting: Setting): Promise<Mean> {
    const { h, delta = 2, rho = 1, tokens = TOKENS, inertia = 20 } = setting;
    const cells: Cell[] = [];
    for (let k = 0; k < KEYS; k++) {
      const material = await teach(k, delta, h);
      const report = await runExperiment(
        parseExperiment({
          name: "law",
          seed: k,
          material: { manifest: "-", human: ["-"] },
          tokens,
          audit: { closed: 2500, open: 2500, decoys: 19 },
          runs: [{ h: [h], rho: [rho], student: { kind: "count", inertia } }],
        }),
        material,
        { kernel },
      );
      cells.push(report.cells[report.cells.length - 1]);
    }
    const mean = (value: (cell: Cell) => number): number =>
      cells.reduce((sum, cell) => sum + value(cell), 0) / cells.length;
    const result = {
      epsilon: mean((cell) => cell.open.evidence.effect),
      error: Math.sqrt(mean((cell) => cell.open.standardError ** 2) / KEYS),
      forecast: mean((cell) => cell.forecast.epsilon),
      deltaT: mean((cell) => cell.forecast.deltaT),
    };
    console.log(
      `${JSON.stringify(setting)}: forecast ${result.forecast.toFixed(4)}, measured ${result.epsilon.toFixed(4)} ± ${result.error.toFixed(4)}`,
    );
    return result;
  }

  function shown(...cells: readonly Mean[]): string {
    return cells
      .map(({ epsilon, error }) => `${epsilon.toFixed(4)} ± ${error.toFixed(4)}`)
      .join(", ");
  }

  /** a ≤ b, allowing for 3 standard errors of the difference. */
  function expectBelow(a: Mean, b: Mean, factor = 1): void {
    expect(a.epsilon).toBeLessThan(factor * b.epsilon + 3 * Math.hypot(a.error, factor * b.error));
  }

  it("L1: ε grows with the marked share ρ, in proportion", async ({ task }) => {
    const [tenth, third, whole] = [
      await measure({ h: 1, rho: 0.1 }),
      await measure({ h: 1, rho: 0.3 }),
      await measure({ h: 1 }),
    ];
    measured(task, `ε = ${shown(tenth, third, whole)} at ρ = .1, .3, 1 (h = 1)`);
    expect(tenth.epsilon).toBeLessThan(third.epsilon);
    expect(third.epsilon).toBeLessThan(whole.epsilon);
    const ratio = third.epsilon / whole.epsilon;
    expect(ratio).toBeGreaterThan(0.2);
    expect(ratio).toBeLessThan(0.45);
  });

  it("L2: ε follows the teacher's excess as δ grows", async ({ task }) => {
    const cells = [
      await measure({ h: 1, delta: 1 }),
      await measure({ h: 1 }),
      await measure({ h: 1, delta: 3 }),
    ];
    const [one, two, three] = cells.map(({ epsilon, deltaT }) => epsilon / deltaT);
    measured(
      task,
      `ε / Δ_T = ${[one, two, three].map((ratio) => ratio.toFixed(3)).join(", ")} at δ = 1, 2, 3`,
    );
    for (const ratio of [one, three]) expect(Math.abs(ratio / two - 1)).toBeLessThan(0.2);
    expect(cells[0].epsilon).toBeLessThan(cells[1].epsilon);
    expect(cells[1].epsilon).toBeLessThan(cells[2].epsilon);
  });

  it("L3: ε does not grow with the context width h, and h = 4 keeps less than half of h = 1", async ({
    task,
  }) => {
    const [one, two, four] = [
      await measure({ h: 1 }),
      await measure({ h: 2 }),
      await measure({ h: 4 }),
    ];
    measured(task, `ε = ${shown(one, two, four)} at h = 1, 2, 4`);
    expectBelow(two, one);
    expectBelow(four, two);
    expect(four.epsilon).toBeLessThan(one.epsilon / 2);
  });

  it("L4: ε grows with the training tokens", async ({ task }) => {
    const [few, some, many] = [
      await measure({ h: 2, tokens: 5000 }),
      await measure({ h: 2, tokens: 20_000 }),
      await measure({ h: 2 }),
    ];
    measured(task, `ε = ${shown(few, some, many)} after 5,000, 20,000, 50,000 tokens (h = 2)`);
    expect(few.epsilon).toBeLessThan(some.epsilon);
    expect(some.epsilon).toBeLessThan(many.epsilon);
  });

  it("L6: less inertia, more of the mark", async ({ task }) => {
    const [stiff, usual, soft] = [
      await measure({ h: 2, inertia: 100 }),
      await measure({ h: 2 }),
      await measure({ h: 2, inertia: 5 }),
    ];
    measured(task, `ε = ${shown(stiff, usual, soft)} at κ = 100, 20, 5 (h = 2)`);
    expect(stiff.epsilon).toBeLessThan(usual.epsilon);
    expect(usual.epsilon).toBeLessThan(soft.epsilon);
  });

  it("L5: every one of these cells lies within 3 standard errors and 10 % of its forecast", async ({
    task,
  }) => {
    expect(means.size).toBeGreaterThanOrEqual(10);
    const cells = await Promise.all(means.values());
    const squares = cells.reduce((sum, { forecast }) => sum + forecast ** 2, 0);
    const slope =
      cells.reduce((sum, { forecast, epsilon }) => sum + forecast * epsilon, 0) / squares;
    const misses = cells
      .map(({ forecast, epsilon }) => Math.abs(epsilon / forecast - 1))
      .sort((a, b) => a - b);
    const middle = (100 * misses[misses.length >> 1]).toFixed(1);
    measured(
      task,
      `${cells.length} cells: measured / forecast ${slope.toFixed(3)} (least squares), median error ${middle} %`,
    );
    for (const [name, cell] of means) {
      const { epsilon, error, forecast } = await cell;
      expect({ name, ok: Math.abs(epsilon - forecast) <= 3 * error + 0.1 * forecast }).toEqual({
        name,
        ok: true,
      });
    }
  });
});

describe("laws on recorded output of a real model", () => {
  let material: Material;
  let report: Report;

  beforeAll(async () => {
    material = await recordedMaterial();
    const experiment = parseExperiment({
      name: "recorded",
      material: { manifest: "-", human: ["-"] },
      tokens: 200_000,
      audit: { closed: 10_000, open: 2000, decoys: 400 },
      runs: [{ h: [1, 2, 4], rho: [0.3, 1], student: { kind: "count" } }],
    });
    report = await runExperiment(experiment, material);
  });

  it("L0: a student of the unmarked teacher and an untrained one look unmarked, and wrong keys standard normal", ({
    task,
  }) => {
    const { unmarkedTeacher, untrained } = report.controls;
    measured(
      task,
      `ε = ${unmarkedTeacher.map(({ h, closed }) => `${closed.evidence.effect.toFixed(4)} (h = ${h})`).join(", ")} at ρ = 0`,
    );
    for (const { closed } of [...unmarkedTeacher, ...untrained]) {
      expect(closed.evidence.log10P).toBeGreaterThan(-4);
    }
    for (const { decoys } of [...unmarkedTeacher, ...report.cells]) {
      expect(Math.abs(decoys.meanZ)).toBeLessThan(0.25); // 5 standard errors of a mean over 400 keys
      expect(Math.sqrt(decoys.varianceInflation)).toBeGreaterThan(0.85);
      expect(Math.sqrt(decoys.varianceInflation)).toBeLessThan(1.15);
    }
  });

  it("L0: over 1,000 wrong keys the p-values of a marked student's answers are uniform", async ({
    task,
  }) => {
    const [arm] = material.arms;
    const student = await apprentice({ kind: "count", order: 5, inertia: 20 }, material).train(
      mixCorpus(
        { marked: arm.texts, unmarked: [] },
        { rho: 1, tokens: 200_000, random: randomStream("L0") },
      ),
      randomStream("L0", "train"),
    );
    const contexts = auditContexts(material.unmarked, {
      h: arm.profile.h,
      count: 5000,
      random: randomStream("L0", "audit"),
      served: 0,
      log: [],
    });
    const draws = { contexts, tokens: await student.draw(contexts, randomStream("L0", "draw")) };
    const kernel = createKernel();
    const z = Float64Array.from(
      { length: 1000 },
      (_, i) => closedTest(bindScheme(arm.profile, decoyKey(20_000 + i), kernel), draws).zScore,
    );
    const { p } = ksUniform(z.map((value) => 10 ** normalLog10Q(value)));
    const mean = z.reduce((sum, value) => sum + value, 0) / z.length;
    const deviation = Math.sqrt(z.reduce((sum, value) => sum + (value - mean) ** 2, 0) / z.length);
    measured(
      task,
      `1,000 wrong keys: KS p ${p.toFixed(3)}, mean z ${mean.toFixed(3)}, sd ${deviation.toFixed(3)}`,
    );
    expect(p).toBeGreaterThan(1e-3);
    expect(deviation).toBeGreaterThan(0.9);
    expect(deviation).toBeLessThan(1.12);
  });

  it("L5: forecast and measurement agree within 3 standard errors and 10 %, closed and open", ({
    task,
  }) => {
    const missed = report.cells.filter(
      (cell) => !cell.closed.withinForecast || !cell.open.withinForecast,
    );
    measured(task, `${report.cells.length - missed.length} of ${report.cells.length} cells agree`);
    expect(missed.map(({ h, rho }) => `h = ${h}, rho = ${rho}`)).toEqual([]);
  });

  it("L3: over all distinct windows, each step of h from 1 to 2 to 4 halves ε or more", async ({
    task,
  }) => {
    const experiment = parseExperiment({
      name: "all-windows",
      material: { manifest: "-", human: ["-"] },
      tokens: 200_000,
      audit: { closed: 1_000_000, open: 20_000, decoys: 19 },
      runs: [{ h: [1, 2, 4], rho: [1], student: { kind: "count" } }],
    });
    const { cells } = await runExperiment(experiment, material);
    const [one, two, four] = cells
      .filter((cell) => cell.rho === 1)
      .map(({ open }) => open.evidence);
    measured(
      task,
      `ε = ${[one, two, four].map(({ effect }) => effect.toFixed(4)).join(", ")} at h = 1, 2, 4, all windows`,
    );
    expect(two.effect).toBeLessThanOrEqual(one.effect / 2);
    expect(four.effect).toBeLessThanOrEqual(two.effect / 2);
  });

  it("L3: the mark of a wider context survives less", () => {
    const at = (h: number): number =>
      report.cells.find((cell) => cell.h === h && cell.rho === 1)?.open.evidence.effect ??
      Number.NaN;
    expect(at(2)).toBeLessThan(at(1));
    expect(at(4)).toBeLessThan(at(2));
  });

  it("L14: an innocent copier is cleared by the prompt rule, and accused without it", ({
    task,
  }) => {
    measured(
      task,
      report.controls.copier
        .map(
          ({ h, withPromptRule, withoutPromptRule }) =>
            `log10 p ${withPromptRule.log10P.toFixed(1)} with, ${withoutPromptRule.log10P.toFixed(0)} without (h = ${h})`,
        )
        .join("; "),
    );
    for (const { withPromptRule, withoutPromptRule } of report.controls.copier) {
      expect(withPromptRule.log10P).toBeGreaterThan(-4);
      expect(withoutPromptRule.log10P).toBeLessThan(-30);
    }
  });
});
