import { describe, expect, it } from "vitest";
import { gridOf } from "../../src/lab/grid.js";
import { planOf } from "../../src/lab/plan.js";
import { smallStudy, studyMaterial } from "./support.js";

const changesOf = (changes: object): readonly object[] =>
  gridOf(smallStudy(changes)).map((cell) => cell.changes);

describe("the grid of a study", () => {
  it("has the default cell, each level alone, each combination, and the controls they need", () => {
    expect(
      changesOf({
        vary: { rho: [0.3], "student.inertia": [5] },
        cross: [{ "mark.h": [1, 2], rho: [0.5, 1] }],
      }),
    ).toEqual([
      {},
      { rho: 0.3 },
      { "student.inertia": 5 },
      { "mark.h": 1, rho: 0.5 },
      { "mark.h": 2, rho: 0.5 },
      { "mark.h": 2, rho: 1 },
      { attack: null, rho: 0 },
      { "student.inertia": 5, attack: null, rho: 0 },
      { "mark.h": 2, rho: 0, attack: null },
    ]);
  });

  it("adds the student that was not attacked to each attack", () => {
    const cells = gridOf(
      smallStudy({ vary: {}, cross: [{ attack: [{ kind: "clean-training" }], rho: [0.3] }] }),
    );
    expect(cells.map(({ changes }) => changes)).toContainEqual({ attack: null, rho: 0.3 });
    const known = new Set(cells.map(({ id }) => id));
    for (const { control } of cells) expect(known).toContain(control);
    const controls = cells.filter(({ id, control }) => id === control);
    expect(controls.every(({ setting }) => setting.rho === 0 && setting.attack === null)).toBe(
      true,
    );
  });

  it.each([
    [
      { vary: { "mark.width": [1] } },
      /^study\.default \(mark\.width = 1\)\.mark: expected no fields but scheme, .*, got "width"$/,
    ],
    [{ vary: { "nothing.at": [1] } }, /nothing/],
    [{ vary: { rho: [2] } }, /rho: .*1.*, got 2/],
    [{ vary: { mark: [{ scheme: "invisible" }] } }, /mark\.scheme: .*got "invisible"/],
    [{ vary: { attack: [{ kind: "prayer" }] } }, /attack\.kind: /],
  ])("refuses %j", (changes, message) => {
    expect(() => gridOf(smallStudy(changes))).toThrow(message);
  });

  it("repeats every cell under every key and seed, once each", () => {
    const { runs, cells } = planOf(smallStudy(), studyMaterial());
    expect(new Set(runs.map(({ id }) => id)).size).toBe(runs.length);
    expect(runs.length).toBe(cells.length * 4);
  });

  it("knows runs by everything that they depend on, and by nothing else", () => {
    const ids = (changes: object): ReadonlySet<string> =>
      new Set(planOf(smallStudy(changes), studyMaterial()).runs.map(({ id }) => id));
    const usual = ids({});
    expect(ids({ name: "other", keys: 3 }).isSupersetOf(usual)).toBe(true);
    for (const changes of [{ seed: 2 }, { alpha: 0.01 }, { audit: { decoys: 20 } }])
      expect(ids(changes).isDisjointFrom(usual)).toBe(true);
    const other = { ...studyMaterial(), digest: "6".repeat(64) };
    expect(planOf(smallStudy(), other).runs.some(({ id }) => usual.has(id))).toBe(false);
  });
});
