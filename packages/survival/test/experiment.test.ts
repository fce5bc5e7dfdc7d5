import { mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type Material,
  directoryStore,
  loadMaterial,
  renderJson,
  runExperiment,
} from "../src/index.js";
import { smallExperiment, smallMaterial } from "./support.js";

let folder: string;
let material: Material;

beforeAll(async () => {
  material = await smallMaterial();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "verdigris-survival-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("an experiment", () => {
  it("gives the same report, byte for byte, from the same configuration", async () => {
    const first = await runExperiment(smallExperiment(), material);
    const second = await runExperiment(smallExperiment(), await smallMaterial());
    expect(renderJson(second)).toBe(renderJson(first));
    const other = await runExperiment(smallExperiment({ seed: 2 }), material);
    expect(renderJson(other)).not.toBe(renderJson(first));
  });

  it("hands over every forecast before the first student is trained", async () => {
    const order: string[] = [];
    await runExperiment(smallExperiment(), material, {
      onForecasts: async (forecasts) => void order.push(`${forecasts.length} forecasts`),
      onProgress: ({ done, label }) => void order.push(`${done} ${label}`),
    });
    expect(order[0]).toBe("2 forecasts");
    expect(order[1]).toBe("0 count student, h = 1: rho = 0");
  });

  it("finds the mark in the student of marked text and not in the control", async () => {
    const report = await runExperiment(smallExperiment(), material);
    const [control, student] = report.cells;
    expect(student.open.evidence.log10P).toBeLessThan(-3);
    expect(control.open.evidence.log10P).toBeGreaterThan(-3);
    expect(control.forecast.epsilon).toBe(0);
    expect(student.open.withinForecast).toBe(true);
  });

  it("takes up an interrupted run, and gives the same report", async () => {
    const whole = await runExperiment(smallExperiment(), material);
    let steps = 0;
    const interrupted = runExperiment(smallExperiment(), material, {
      store: directoryStore(folder),
      onProgress: () => {
        if (++steps === 4) throw new Error("pulled the plug");
      },
    });
    await expect(interrupted).rejects.toThrow("pulled the plug");
    expect((await readdir(folder)).length).toBeGreaterThan(0);
    const resumed = await runExperiment(smallExperiment(), material, {
      store: directoryStore(folder),
    });
    expect(renderJson(resumed)).toBe(renderJson(whole));
  });

  it("never takes a stored result of another student for its own", async () => {
    const store = directoryStore(folder);
    const runs = [5, 50].map((inertia) => ({
      h: [1],
      rho: [1],
      student: { kind: "count", inertia },
    }));
    const report = await runExperiment(smallExperiment({ runs }), material, { store });
    expect(report.cells[1].loss).not.toBe(report.cells[3].loss);
  });

  it("refuses a width that the material does not have", async () => {
    const run = runExperiment(
      smallExperiment({ runs: [{ h: [3], rho: [1], student: { kind: "count" } }] }),
      material,
    );
    await expect(run).rejects.toThrow("h: expected one that the material has (1), got 3");
  });

  it("refuses a mark put in by choosing passages: an innocent model is no control for it", async () => {
    const [arm] = material.arms;
    const selected = { ...arm, profile: { ...arm.profile, embedding: "select" as const } };
    const run = runExperiment(smallExperiment(), { ...material, arms: [selected] });
    await expect(run).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining("chooses passages"),
    });
  });

  it.each([
    [{ tokens: 10 }, /^config\.tokens: .*1000.*, got 10$/],
    [{ alpha: 2 }, /^config\.alpha: .*, got 2$/],
    [{ runs: [] }, /^config\.runs: .*/],
    [
      { runs: [{ h: [9], rho: [1], student: { kind: "count" } }] },
      /^config\.runs\.0\.h\.0: .*8.*, got 9$/,
    ],
    [
      { runs: [{ h: [1], rho: [1.2], student: { kind: "count" } }] },
      /^config\.runs\.0\.rho\.0: .*1.*, got 1\.2$/,
    ],
    [
      { runs: [{ h: [1], rho: [1], student: { kind: "parrot" } }] },
      /^config\.runs\.0\.student\.kind: /,
    ],
  ])("refuses the configuration %j", (changes, message) => {
    expect(() => smallExperiment(changes)).toThrow(message);
  });
});

describe("the store", () => {
  it("computes once", async () => {
    const store = directoryStore(folder);
    let computed = 0;
    const compute = async (): Promise<number> => ++computed;
    expect(await store.resolve({ a: 1 }, compute)).toBe(1);
    expect(await store.resolve({ a: 1 }, compute)).toBe(1);
    expect(await store.resolve({ a: 2 }, compute)).toBe(2);
  });

  it.each([
    ["cut off", (text: string) => text.slice(0, -10)],
    ["altered", (text: string) => text.replace('"value":1', '"value":7')],
    ["emptied", () => ""],
  ])("detects an entry that was %s, and does not use it", async (_how, damage) => {
    const store = directoryStore(folder);
    let computed = 0;
    const compute = async (): Promise<object> => ({ value: ++computed });
    await store.resolve("x", compute);
    const [file] = await readdir(folder);
    const path = join(folder, file);
    await writeFile(path, damage(await readFile(path, "utf8")));
    expect(await store.resolve("x", compute)).toEqual({ value: 2 });
    expect(await store.resolve("x", compute)).toEqual({ value: 2 });
  });

  it("detects an entry that was put in the place of another", async () => {
    const found: string[] = [];
    const store = directoryStore(folder, { onCorrupt: (path) => found.push(path) });
    await store.resolve("x", async () => 1);
    const [x] = await readdir(folder);
    await store.resolve("y", async () => 2);
    const y = (await readdir(folder)).find((name) => name !== x) ?? "";
    await rename(join(folder, x), join(folder, y));
    expect(await store.find("y")).toBeNull();
    expect(found).toEqual([join(folder, y)]);
  });
});

describe("loading a recorded corpus", () => {
  const human = { files: [], tokensPerFile: 1000 };

  it("refuses a missing, malformed or altered one by name", async () => {
    await expect(loadMaterial(join(folder, "none.json"), human)).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
    });
    const path = join(folder, "manifest.json");
    await writeFile(path, "{");
    await expect(loadMaterial(path, human)).rejects.toMatchObject({ code: "FILE_INVALID" });
    await writeFile(path, "{}");
    await expect(loadMaterial(path, human)).rejects.toThrow(/manifest\.json\.model: .*got nothing/);
    await writeFile(join(folder, "key.txt"), "00".repeat(32));
    await writeFile(join(folder, "a.jsonl"), '{"id":"a","text":"b","tokens":[1]}\n');
    const arm = {
      name: "a",
      file: "a.jsonl",
      sha256: "0",
      texts: 1,
      tokens: 1,
      maxTokens: 1,
      profile: null,
    };
    const model = { id: "m", file: "m.gguf", sha256: "0", vocabularySize: 10 };
    const manifest = {
      model,
      tokenizer: { file: "t", sha256: "0" },
      keyFile: "key.txt",
      arms: [arm],
    };
    await writeFile(path, JSON.stringify(manifest));
    await expect(loadMaterial(path, human)).rejects.toThrow(
      "a.jsonl: expected SHA-256 0 as in the manifest",
    );
  });
});
