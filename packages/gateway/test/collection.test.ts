/** What tenants and groups collect: counted beside the answers, mergeable, kept through a crash, and without text. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { randomTokens } from "@verdigris/core/testing";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import {
  type Collected,
  type CollectedAnswer,
  CollectionMonitor,
  type CollectionOptions,
  collections,
} from "../src/collection/index.js";

const folder = mkdtempSync(join(tmpdir(), "collection-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;
const fresh = (): string => join(folder, String(made++));

const salt = new Uint8Array(32).fill(1);
const profile = { id: "acme-mark", digest: "d".repeat(64), h: 1 };
const KEY = "0123456789abcdef";

function answer(change: Partial<CollectedAnswer> = {}): CollectedAnswer {
  return {
    tenant: "a1",
    group: "acme",
    profile,
    keyId: KEY,
    prompt: Uint32Array.of(1, 2, 3),
    tokens: Uint32Array.of(10, 11, 12, 10, 11),
    evidence: { n: 3, effect: 0.5 },
    ...change,
  };
}

const monitorIn = (directory: string, more: Partial<CollectionOptions> = {}): CollectionMonitor =>
  new CollectionMonitor(directory, { salt, width: 1024, ...more });

async function read(...directories: readonly string[]): Promise<readonly Collected[]> {
  const all: Collected[] = [];
  for await (const one of collections(directories)) all.push(one);
  return all;
}

async function ofKey(...directories: readonly string[]): Promise<Collected> {
  const found = (await read(...directories)).find(({ scope }) => scope.by.kind === "key");
  if (found === undefined) throw new Error("no key was collected");
  return found;
}

describe("what is collected", () => {
  test("is counted for each tenant, and for each key of a group with its windows", async () => {
    const directory = fresh();
    const monitor = monitorIn(directory);
    monitor.note(answer());
    monitor.note(answer({ tenant: "a2", prompt: Uint32Array.of(1, 2, 4) }));
    monitor.note(answer({ tenant: "a2", evidence: null }));
    await monitor.flush();
    const [key, ...tenants] = await read(directory);
    expect(key.scope).toEqual({ group: "acme", profile, by: { kind: "key", keyId: KEY } });
    expect(key.volume).toEqual({
      answers: 3,
      tokens: 15,
      markedAnswers: 2,
      markedTokens: 10,
      promptWindows: 9,
      scored: 6,
      excess: 3,
    });
    expect(Math.round(key.windows.estimate)).toBe(3);
    // Of the second prompt one window is new, of the third none.
    expect(Math.round(key.prompts.estimate)).toBe(4);
    const counts = key.sketch?.counts(Uint32Array.of(10, 11, 12, 9));
    expect(Array.from(counts ?? [])).toEqual([4, 2, 2]);
    const volumes = tenants.map(({ scope: { by }, volume }) => [by, volume.answers]);
    expect(volumes).toHaveLength(2);
    expect(volumes).toContainEqual([{ kind: "tenant", tenant: "a1" }, 1]);
    expect(volumes).toContainEqual([{ kind: "tenant", tenant: "a2" }, 2]);
  });

  test("by several instances is what one would have counted", async () => {
    const answers = fc.array(
      fc.record({
        tenant: fc.constantFrom("a1", "a2"),
        seed: fc.integer({ min: 1, max: 1000 }),
        first: fc.boolean(),
      }),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(answers, async (all) => {
        const directories = [fresh(), fresh(), fresh()];
        const monitors = directories.map((directory) => monitorIn(directory));
        for (const directory of directories) mkdirSync(directory);
        for (const { tenant, seed, first } of all) {
          const one = answer({ tenant, tokens: randomTokens(20, 50, seed) });
          for (const i of [first ? 0 : 1, 2]) monitors[i].note(one);
        }
        await Promise.all(monitors.map((monitor) => monitor.flush()));
        const [parts, whole] = [await read(...directories.slice(0, 2)), await read(directories[2])];
        const bytes = (one: Collected): string => Buffer.from(one.toBytes()).toString("latin1");
        expect(parts.map(bytes)).toEqual(whole.map(bytes));
      }),
      { numRuns: 3, seed: 3 },
    );
  });

  test("holds no token and no name in what a listing shows, and is its owner's", async () => {
    const directory = fresh();
    const monitor = monitorIn(directory);
    const tokens = randomTokens(40, 60_000, 5);
    monitor.note(answer({ prompt: tokens, tokens }));
    await monitor.flush();
    for (const name of readdirSync(directory)) {
      expect(name).not.toContain("acme");
      const contents = gunzipSync(readFileSync(join(directory, name)));
      const written = [...tokens.subarray(0, 8)].join(",");
      expect(contents.toString("latin1")).not.toContain(written);
      expect(contents.includes(Buffer.from(tokens.buffer, 0, 8))).toBe(false);
    }
  });
});

/** Notes eight answers at a time, writes them, and says so, until it is killed. */
const COUNTER = `
import { CollectionMonitor } from ${JSON.stringify(new URL("../dist/collection/index.js", import.meta.url).href)};
const monitor = new CollectionMonitor(process.argv[1], { salt: new Uint8Array(32).fill(1), width: 1024, every: 8 });
for (let n = 1; ; n++) {
  monitor.note({ ...${JSON.stringify({ ...answer(), prompt: null, tokens: null })}, prompt: Uint32Array.of(n, n + 1), tokens: Uint32Array.of(1, 2, 3) });
  if (n % 8 === 0) await monitor.flush();
  process.stdout.write(n + "\\n");
}`;

describe("a crash", () => {
  test("loses no more than was noted since the last write", async () => {
    const directory = fresh();
    const child = spawn(process.execPath, ["--input-type=module", "-e", COUNTER, directory]);
    let said = "";
    child.stdout.on("data", (bytes: Buffer) => {
      said += bytes.toString();
      if (said.length > 200) child.kill("SIGKILL");
    });
    await once(child, "close");
    expect(child.signalCode).toBe("SIGKILL");
    const noted = Number(said.split("\n").at(-2));
    expect(noted).toBeGreaterThan(40);
    const { volume } = await ofKey(directory);
    expect(volume.answers).toBeGreaterThan(noted - 8);
    // And counting goes on where it was.
    const again = monitorIn(directory);
    again.note(answer());
    await again.flush();
    expect((await ofKey(directory)).volume.answers).toBe(volume.answers + 1);
  });

  test("what was noted is written after so many answers, unasked", async () => {
    const directory = fresh();
    const monitor = monitorIn(directory, { every: 3 });
    for (let i = 0; i < 3; i++) monitor.note(answer());
    for (let i = 0; i < 500; i++) {
      const written = await ofKey(directory).catch(() => null);
      if (written !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect((await ofKey(directory)).volume.answers).toBe(3);
  });
});

describe("what cannot be written", () => {
  test("is told, fails no answer, and is counted once it can be", async () => {
    const directory = fresh();
    writeFileSync(directory, "a file where the folder should be");
    const errors: unknown[] = [];
    const monitor = monitorIn(directory, { every: 1, onError: (error) => errors.push(error) });
    for (let i = 0; i < 5; i++) monitor.note(answer());
    await monitor.flush();
    expect(errors.length).toBeGreaterThanOrEqual(2);
    rmSync(directory);
    await monitor.flush();
    expect((await ofKey(directory)).volume.answers).toBe(5);
    expect(monitor.lost).toBe(0);
  });

  test("takes bounded memory: beyond it answers are not counted, and it says how many", async () => {
    const directory = fresh();
    writeFileSync(directory, "");
    const errors: unknown[] = [];
    const monitor = monitorIn(directory, { onError: (error) => errors.push(error) });
    const prompt = new Uint32Array(1 << 20);
    for (let i = 0; i < 6; i++) monitor.note(answer({ prompt }));
    expect(monitor.lost).toBe(2);
    expect(String(errors[0])).toContain("an answer is not counted");
    await monitor.flush();
  });

  test("a broken file, another salt and another version are named, and stay as they are", async () => {
    const errors: string[] = [];
    const onError = (error: unknown): void => void errors.push(String(error));
    const directory = fresh();
    const first = monitorIn(directory);
    first.note(answer());
    await first.flush();
    const other = monitorIn(directory, { salt: new Uint8Array(32), onError });
    other.note(answer());
    await other.flush();
    expect(errors.join()).toContain("was counted under another salt");
    const path = join(directory, readdirSync(directory)[0]);
    for (const contents of ["nothing", gzipSync("{}\n"), gzipSync('{"version":2}\n')]) {
      writeFileSync(path, contents);
      await expect(read(directory)).rejects.toThrow(path);
      await expect(read(directory)).rejects.toMatchObject({ code: "FILE_INVALID" });
    }
    await expect(read(fresh())).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  });

  test("instances that cannot be merged are named", async () => {
    const directories = [fresh(), fresh()];
    for (const [i, directory] of directories.entries()) {
      const monitor = monitorIn(directory, { width: 1024 * (i + 1) });
      monitor.note(answer());
      await monitor.flush();
    }
    await expect(read(...directories)).rejects.toThrow("cannot be merged with another instance's");
  });

  test.each([
    [{ every: 0 }, "every: expected a whole number from 1, got 0"],
    [{ width: 1000 }, "width: expected a power of two"],
    [{ salt: new Uint8Array(3) }, "salt: expected 32 bytes, got 3"],
  ])("options out of range are refused (%#)", (more, message) => {
    expect(() => monitorIn(folder, more)).toThrow(message);
  });
});
