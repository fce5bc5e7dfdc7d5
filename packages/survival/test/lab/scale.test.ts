import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Progress,
  type Shard,
  mergeShards,
  parseShard,
  runShard,
  runStudy,
} from "../../src/index.js";
import { smallStudy, studyMaterial } from "./support.js";

const study = smallStudy({ keys: 2, seeds: 1 });
const material = studyMaterial();
let folder: string;
let whole: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "verdigris-scale-"));
  whole = JSON.stringify(await runStudy(study, material, { directory: join(folder, "whole") }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("a study in threads", () => {
  it("gives the same report with any number of them, and says how far it is", async () => {
    const told: Progress[] = [];
    const report = await runStudy(study, material, {
      directory: join(folder, "threads"),
      workers: 2,
      onProgress: (progress) => told.push(progress),
    });
    expect(JSON.stringify(report)).toBe(whole);
    expect(told.map(({ done }) => done)).toEqual([...told.keys()]);
    expect(told.at(-1)).toMatchObject({ done: told[0].total });
  });

  it("is taken up where it was killed, and gives the same report", async () => {
    const directory = join(folder, "killed");
    const entry = new URL("../../dist/index.js", import.meta.url).href;
    const portable = JSON.stringify(material, (_key, value: unknown) =>
      value instanceof Uint32Array ? { ids: [...value] } : value,
    );
    const script = fileURLToPath(new URL("killed.mjs", import.meta.url));
    const child = spawn(
      process.execPath,
      [script, directory, "2", entry, JSON.stringify(study), portable],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const total = { steps: 0 };
    for await (const line of createInterface({ input: child.stdout })) {
      const [done, all] = line.split("/").map(Number);
      total.steps = all;
      // After the texts and one student: others are being trained.
      if (done === all - 4) child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    expect(child.signalCode).toBe("SIGKILL");
    expect((await readdir(directory)).length).toBeGreaterThan(0);
    const told: Progress[] = [];
    const report = await runStudy(study, material, {
      directory,
      onProgress: (progress) => told.push(progress),
    });
    expect(JSON.stringify(report)).toBe(whole);
    // Some was left to do, and some was not done again.
    expect(told.length).toBeGreaterThan(1);
    expect(told[0].done).toBeGreaterThan(0);
  });
});

describe("a study in shards", () => {
  const shards: Shard[] = [];
  beforeAll(async () => {
    for (const index of [1, 2]) {
      const shard = await runShard(study, material, {
        directory: join(folder, `shard ${index}`),
        shard: { index, count: 2 },
      });
      shards.push(parseShard(JSON.parse(JSON.stringify(shard)), `shard ${index}`));
    }
  });

  it("makes the report of the whole, byte for byte", () => {
    expect(JSON.stringify(mergeShards(shards))).toBe(whole);
    expect(JSON.stringify(mergeShards(shards.toReversed()))).toBe(whole);
  });

  it("refuses shards that are missing, there twice, or not its own", async () => {
    const [one, two] = shards;
    expect(() => mergeShards([])).toThrow("expected at least one, got none");
    expect(() => mergeShards([one])).toThrow("expected each of 1 to 2 once, got 1; missing: 2");
    expect(() => mergeShards([one, one, two])).toThrow("got 1, 1, 2");
    const foreign = { ...two, digest: "0".repeat(64) };
    expect(() => mergeShards([one, foreign])).toThrow(
      "of study small (000000000000): configuration, material or version differ",
    );
    const other = { ...two, shard: { index: 2, count: 3 } };
    expect(() => mergeShards([one, other])).toThrow("got part 2 of 3");
    const older = shards.map((shard) => ({ ...shard, digest: "1".repeat(64) }));
    expect(() => mergeShards(older)).toThrow("of another one; run them again");
    const swapped = { ...two, runs: one.runs };
    expect(() => mergeShards([one, swapped])).toThrow("expected the 3 runs of part 2");
    const short = { ...two, runs: two.runs.slice(1) };
    expect(() => mergeShards([one, short])).toThrow("expected the 3 runs of part 2");
    await expect(
      runShard(study, material, { directory: folder, shard: { index: 3, count: 2 } }),
    ).rejects.toThrow("shard: expected 1/2 to 2/2, got 3/2");
  });

  it("detects a shard that was altered", () => {
    const altered = JSON.parse(JSON.stringify(shards[0])) as {
      runs: { result: { loss: number } }[];
    };
    altered.runs[0].result.loss += 1e-9;
    expect(() => parseShard(altered, "s.json")).toThrow("s.json: is not what was written");
    expect(() => parseShard({ version: 1 }, "s.json")).toThrow(/^s\.json\.kind: /);
  });
});
