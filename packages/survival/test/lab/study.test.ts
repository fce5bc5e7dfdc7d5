import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type StudyControls, type StudyReport, runStudy } from "../../src/index.js";
import { smallStudy, studyMaterial } from "./support.js";

let folder: string;
let report: StudyReport;
let whole: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "verdigris-study-"));
  report = await runStudy(smallStudy(), studyMaterial(), { directory: join(folder, "first") });
  const directory = join(folder, "one");
  whole = JSON.stringify(await runStudy(one, studyMaterial(), { directory }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("a study", () => {
  it("gives the same report, byte for byte, computed or read back", async () => {
    const again = (directory: string): Promise<StudyReport> =>
      runStudy(smallStudy(), studyMaterial(), { directory: join(folder, directory) });
    expect(JSON.stringify(await again("first"))).toBe(JSON.stringify(report));
    expect(JSON.stringify(await again("second"))).toBe(JSON.stringify(report));
  });

  it("finds what the law forecasts, under every access, and nothing where there is no mark", () => {
    const [full, part, control] = report.cells;
    expect(full.forecast.value).toBeGreaterThan(0.02);
    expect(full.withinForecast).toBe(1);
    expect(full.access.openSoft.epsilon.value).toBeCloseTo(full.forecast.value, 1);
    expect(part.access.openSoft.epsilon.value).toBeLessThan(full.access.openSoft.epsilon.value);
    expect(full.access.openArgmax.epsilon.value).toBeGreaterThan(
      full.access.openSoft.epsilon.value,
    );
    expect(control.forecast.value).toBe(0);
    expect(control.access.openSoft.detected).toBe(0);
    expect(control.capability.unmarked.kept).toBe(1);
    expect(full.runs.length).toBe(4);
  });

  it("cannot be without its controls", () => {
    const { controls } = report;
    expect(controls.unmarkedTeacher.map(({ setting }) => setting.rho)).toEqual([0]);
    expect(controls.untrained.length).toBe(4);
    expect(controls.teacher.every(({ evidence }) => evidence.log10P < -5)).toBe(true);
    expect(controls.copier.length).toBe(4);
    expect(controls.wrongKeys.length).toBe(12);
    const parts = ["unmarkedTeacher", "untrained", "wrongKeys", "teacher", "copier"] as const;
    expect(Object.keys(controls).toSorted()).toEqual([...parts].toSorted());
    const { copier: _, ...rest } = controls;
    // @ts-expect-error a study without its copier is not a study
    const withoutCopier: StudyControls = rest;
    // @ts-expect-error a control that nobody was asked for is none
    const withoutTeacher: StudyControls = { ...controls, teacher: [] };
    // @ts-expect-error nor is a report without controls
    const withoutControls: StudyReport = { ...report, controls: undefined };
    expect([withoutCopier, withoutTeacher, withoutControls].length).toBe(3);
  });

  it("wrote every forecast before its student was trained", async () => {
    const directory = join(folder, "first");
    const entries = await Promise.all(
      (await readdir(directory))
        .filter((name) => name.endsWith(".json"))
        .map(async (name) => JSON.parse(await readFile(join(directory, name), "utf8")) as Entry),
    );
    const forecasts = entries.filter(({ result }) => "markedLeverage" in result);
    expect(forecasts.length).toBe(12);
  });

  it("asks for more human filler than there is before it computes anything", async () => {
    const vary = { filler: ["human"], rho: [0.3] };
    const study = smallStudy({ vary, cross: [{ filler: ["human"], rho: [0.1] }] });
    const directory = join(folder, "filler");
    await expect(runStudy(study, studyMaterial(), { directory })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringMatching(
        /^study\.default \(filler = "human", rho = 0\.1\)\.tokens: expected at most 2400 of human filler.*, got 3600 /,
      ),
    });
    expect(existsSync(directory)).toBe(false);
  });

  it.each([
    ["cut off", (bytes: Buffer) => bytes.subarray(0, bytes.length - 7)],
    ["emptied", () => Buffer.alloc(0)],
    ["flipped", (bytes: Buffer) => flipped(bytes, 0.5)],
    ["flipped at its start", (bytes: Buffer) => flipped(bytes, 0)],
    ["flipped at its end", (bytes: Buffer) => flipped(bytes, 0.999)],
  ])("detects entries that were %s, says so, and computes them again", async (how, damage) => {
    const directory = join(folder, how);
    await cp(join(folder, "one"), directory, { recursive: true });
    const files = await readdir(directory);
    for (const file of files)
      await writeFile(join(directory, file), damage(await readFile(join(directory, file))));
    const found: string[] = [];
    const run = (): Promise<StudyReport> =>
      runStudy(one, studyMaterial(), { directory, onCorrupt: (path) => found.push(path) });
    expect(JSON.stringify(await run())).toBe(whole);
    // Every entry is read again: results and forecasts, and the texts that they are made from.
    expect(new Set(found)).toEqual(new Set(files.map((file) => join(directory, file))));
    expect(JSON.stringify(await run())).toBe(whole);
    expect(found.length).toBe(files.length);
  });
});

/** One cell, its control, one key, one seed. */
const one = smallStudy({ keys: 1, seeds: 1, vary: {} });

interface Entry {
  readonly result: object;
}

function flipped(bytes: Buffer, place: number): Buffer {
  bytes[Math.floor(place * bytes.length)] ^= 1;
  return bytes;
}
