import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestPostgres, startPostgres } from "../../../../tests/support/postgres.js";
import { type StudyReport, runStudy, workOnStudy } from "../../src/index.js";
import { smallStudy, studyMaterial } from "./support.js";

/** Against a real PostgreSQL server: one that cannot be started fails these tests. */
let server: TestPostgres;
let folder: string;
const study = smallStudy({ keys: 2, seeds: 1, vary: {} });
const material = studyMaterial();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "verdigris-queue-"));
  server = await startPostgres();
});
afterAll(async () => {
  await server.remove();
  await rm(folder, { recursive: true, force: true });
});

/** A worker with a folder of its own, as on another machine. */
function worker(name: string): { readonly done: string[]; readonly stop: () => Promise<void> } {
  const controller = new AbortController();
  const done: string[] = [];
  const ended = workOnStudy(study, material, {
    connection: server.url,
    directory: join(folder, name),
    signal: controller.signal,
    onRun: ({ id }) => done.push(id),
  });
  return {
    done,
    async stop(): Promise<void> {
      controller.abort();
      await ended;
    },
  };
}

describe("a study in a queue", () => {
  it("gives the same report with workers that share nothing, and is taken up by another coordinator", async () => {
    // Of the digest alone: the difference of two reports is of no use to a reader.
    const bytes = (report: StudyReport): string =>
      createHash("sha256").update(JSON.stringify(report)).digest("hex");
    const whole = bytes(await runStudy(study, material, { directory: join(folder, "whole") }));
    const queue = { connection: server.url };
    const coordinated = (name: string): ReturnType<typeof runStudy> =>
      runStudy(study, material, { directory: join(folder, name), queue });
    const workers = [worker("worker 1"), worker("worker 2")];
    expect(bytes(await coordinated("coordinator"))).toBe(whole);
    await Promise.all(workers.map(({ stop }) => stop()));
    const done = workers.flatMap((one) => one.done);
    expect(done.length).toBe(4);
    expect(new Set(done).size).toBe(4);
    // The jobs are there still, and nobody works: their results are.
    expect(bytes(await coordinated("another"))).toBe(whole);
  });

  it("says which run failed", async () => {
    // Where the worker's folder should be is a file: that is found out when it stores something.
    await writeFile(join(folder, "poor"), "");
    const other = { ...material, digest: "7".repeat(64) };
    const controller = new AbortController();
    const options = { connection: server.url, directory: join(folder, "poor") };
    const ended = workOnStudy(study, other, { ...options, signal: controller.signal });
    await expect(
      runStudy(study, other, {
        directory: join(folder, "failed"),
        queue: { connection: server.url },
      }),
    ).rejects.toMatchObject({
      code: "JOB_FAILED",
      message: expect.stringMatching(/queue: the job of run [0-9a-f]{64} failed: .*ENOTDIR.*poor/),
    });
    controller.abort();
    await ended;
  });
});
