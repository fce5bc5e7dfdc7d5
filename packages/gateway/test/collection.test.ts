/** What tenants and groups collect: counted beside the answers, mergeable, kept through a crash, and without text. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { randomTokens } from "@verdigris/core/testing";
import { ServingSketch } from "@verdigris/detector";
import fc from "fast-check";
import { afterAll, describe, expect, test, vi } from "vitest";
import {
  type Collected,
  type CollectedAnswer,
  CollectionMonitor,
  type CollectionOptions,
  collections,
} from "../src/collection/index.js";
import { readCollected, writeCollected } from "../src/collection/files.js";
import { Hashing } from "../src/collection/hashing.js";
import { type Place, pathOf, placesIn } from "../src/collection/places.js";

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

let ids = 0;
const monitorIn = (directory: string, more: Partial<CollectionOptions> = {}): CollectionMonitor =>
  new CollectionMonitor(directory, {
    salt,
    width: 1024,
    newId: () => `p${ids++}`,
    now: () => 0,
    ...more,
  });

/** Places in a directory. */
const places = (directory: string): readonly string[] => readdirSync(directory).toSorted();

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

const bytes = (one: Collected): string => Buffer.concat([...one.pieces()]).toString("latin1");

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
        expect(parts.map(bytes)).toEqual(whole.map(bytes));
      }),
      { numRuns: 3, seed: 3 },
    );
  });

  test("is counted apart for each key, however keys and writes take turns", async () => {
    const [together, apart] = [fresh(), [fresh(), fresh()]];
    const [both, ...each] = [together, ...apart].map((directory) => monitorIn(directory));
    for (let n = 0; n < 6; n++) {
      const one = answer({ group: `g${n % 2}`, tokens: randomTokens(20, 50, n) });
      for (const monitor of [both, each[n % 2]]) monitor.note(one);
      await both.flush();
    }
    await Promise.all(each.map((monitor) => monitor.flush()));
    expect((await read(together)).map(bytes)).toEqual((await read(...apart)).map(bytes));
  });

  test("holds no token and no name in what a listing shows, and is its owner's", async () => {
    const directory = fresh();
    const monitor = monitorIn(directory);
    const tokens = randomTokens(40, 60_000, 5);
    monitor.note(answer({ prompt: tokens, tokens }));
    await monitor.flush();
    const names = readdirSync(directory, { encoding: "utf8", recursive: true });
    const files = names.filter((name) => name.endsWith(".collected"));
    expect(files).toHaveLength(2);
    for (const name of files) {
      expect(name).not.toContain("acme");
      const contents = gunzipSync(readFileSync(join(directory, name)));
      const written = [...tokens.subarray(0, 8)].join(",");
      expect(contents.toString("latin1")).not.toContain(written);
      expect(contents.includes(Buffer.from(tokens.buffer, 0, 8))).toBe(false);
    }
  });
});

/** Work done by kind, and the most of it in one turn of the event loop. */
class Turns {
  readonly #work = new Map<string, { turn: number; here: number; most: number; all: number }>();
  #turn = 0;
  #next = setImmediate(() => this.#tick());

  #tick(): void {
    this.#turn++;
    this.#next = setImmediate(() => this.#tick());
  }

  note(kind: string, amount: number): void {
    const { turn, here, most, all } = this.of(kind);
    const sum = turn === this.#turn ? here + amount : amount;
    const now = { turn: this.#turn, here: sum, most: Math.max(most, sum), all: all + amount };
    this.#work.set(kind, now);
  }

  of(kind: string): { turn: number; here: number; most: number; all: number } {
    return this.#work.get(kind) ?? { turn: 0, here: 0, most: 0, all: 0 };
  }

  /** Steps, each noted as it is done. */
  *noting<T, R>(
    kind: string,
    steps: Generator<T, R, undefined>,
    size: (step: T) => number,
  ): Generator<T, R, undefined> {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      this.note(kind, size(step.value));
      yield step.value;
    }
  }

  stop(): void {
    clearImmediate(this.#next);
  }
}

describe("a write", () => {
  test("of a sketch of usual width lets others have their turn after each small step", async () => {
    const turns = new Turns();
    const { reading, prototype } = ServingSketch;
    const { pieces, addHashes } = prototype;
    vi.spyOn(ServingSketch, "reading").mockImplementation((...asked) =>
      turns.noting("read", reading.apply(ServingSketch, asked), () => 1),
    );
    vi.spyOn(prototype, "pieces").mockImplementation(function (this: ServingSketch) {
      return turns.noting("write", pieces.apply(this), ({ length }) => length);
    });
    vi.spyOn(prototype, "addHashes").mockImplementation(function (this: ServingSketch, hashes) {
      turns.note("add", hashes.seedLo.length);
      addHashes.call(this, hashes);
    });
    try {
      const monitor = monitorIn(fresh(), { width: 2 ** 18, every: 1000 });
      for (let n = 1; n <= 300; n++) {
        monitor.note(answer({ tokens: randomTokens(301, 50_000, n) }));
        if (n % 150 === 0) await monitor.flush();
      }
    } finally {
      turns.stop();
      vi.restoreAllMocks();
    }
    // Steps of 2^14 counters, now and then two; what a stream takes at once, 2^16 bytes and a piece; 2048 hashes and an answer's.
    for (const [kind, most] of [
      ["read", 2],
      ["write", 2 ** 16 + 2 ** 17],
      ["add", 2 * (2048 + 300)],
    ] as const) {
      expect(turns.of(kind).most).toBeLessThanOrEqual(most);
      expect(turns.of(kind).all).toBeGreaterThan(3 * most);
    }
  });
});

/** Notes eight answers at a time, writes them, and says so, until it is killed. */
const COUNTER = `
import { CollectionMonitor } from ${JSON.stringify(new URL("../dist/collection/index.js", import.meta.url).href)};
const options = { salt: new Uint8Array(32).fill(1), width: 1024, every: 8, newId: () => crypto.randomUUID(), now: Date.now };
const monitor = new CollectionMonitor(process.argv[1], options);
for (let n = 1; ; n++) {
  monitor.note({ ...${JSON.stringify({ ...answer(), prompt: null, tokens: null })}, prompt: Uint32Array.of(n, n + 1), tokens: Uint32Array.of(1, 2, 3) });
  if (n % 8 === 0) await monitor.flush();
  process.stdout.write(n + "\\n");
}`;

/** Counts in a process of its own until it has said enough; then it is killed. Answers that it noted. */
async function killedCounter(directory: string): Promise<number> {
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
  return noted;
}

describe("a crash", () => {
  test("of two processes in one directory loses no more than each noted since its last write", async () => {
    const directory = fresh();
    const [one, other] = await Promise.all([killedCounter(directory), killedCounter(directory)]);
    const { volume } = await ofKey(directory);
    expect(volume.answers).toBeGreaterThan(one + other - 16);
    expect(places(directory)).toHaveLength(2);
    // And counting goes on where it was.
    const again = monitorIn(directory, { now: () => Date.now() + 121_000 });
    again.note(answer());
    await again.flush();
    expect((await ofKey(directory)).volume.answers).toBe(volume.answers + 1);
    expect(places(directory)).toHaveLength(2);
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

describe("processes in one directory", () => {
  const answers = async (directory: string): Promise<number> =>
    (await ofKey(directory)).volume.answers;

  test("have a place each, and together what one would have; as many places as there are processes", async () => {
    const STEPS = ["note", "flush", "start", "close", "kill", "wait"] as const;
    const steps = fc.array(fc.tuple(fc.constantFrom(...STEPS), fc.nat(2)), {
      minLength: 10,
      maxLength: 25,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const directory = fresh();
        let [time, written] = [0, 0];
        const start = (): CollectionMonitor => monitorIn(directory, { now: () => time });
        // Those that run, and what each has noted and not written.
        const running = [0, 1, 2].map(() => ({ monitor: start(), noted: 0 }));
        for (const [step, i] of all) {
          const { monitor } = running[i];
          if (step === "wait") time += 150_000;
          if (step === "note") monitor.note(answer());
          if (step === "note") running[i].noted++;
          if (step === "flush" || step === "close") {
            await (step === "flush" ? monitor.flush() : monitor.close());
            written += running[i].noted;
            running[i].noted = 0;
          }
          // A killed process gives no more signs; its place is free once it is missed.
          if (step === "kill") time += 150_000;
          if (step === "kill" || step === "start") running[i] = { monitor: start(), noted: 0 };
        }
        await Promise.all(running.map(({ monitor }) => monitor.flush()));
        written += running.reduce((sum, { noted }) => sum + noted, 0);
        if (written === 0) return;
        expect(await answers(directory)).toBe(written);
        const starts = all.filter(([step]) => step === "start").length;
        expect(places(directory).length).toBeLessThanOrEqual(3 + starts);
      }),
      { numRuns: 12, seed: 5 },
    );
  });

  test("that start at once take different places", async () => {
    const directory = fresh();
    const before = monitorIn(directory);
    before.note(answer());
    await before.close();
    const both = [monitorIn(directory), monitorIn(directory)];
    for (const monitor of both) monitor.note(answer());
    await Promise.all(both.map((monitor) => monitor.flush()));
    expect(await answers(directory)).toBe(3);
    expect(places(directory)).toHaveLength(2);
  });

  test("one that was held to be gone and is not loses nothing, and counts nothing twice", async () => {
    const directory = fresh();
    let time = 0;
    const [slow, next] = [0, 1].map(() => monitorIn(directory, { now: () => time }));
    slow.note(answer());
    await slow.flush();
    time += 121_000;
    slow.note(answer());
    next.note(answer());
    // Both write at once: whoever comes second finds the place taken, wherever in its own writing that is.
    await Promise.all([next.flush(), slow.flush()]);
    await slow.flush();
    expect(await answers(directory)).toBe(3);
    expect(places(directory).length).toBeLessThanOrEqual(2);
  });

  test("one that lost its place in the middle of a write writes nothing there", async () => {
    const directory = fresh();
    const lost: Place = { directory, id: "p", generation: 0 };
    const writer = monitorIn(directory);
    writer.note(answer());
    await writer.flush();
    const all = await ofKey(directory);
    await expect(writeCollected(lost, "x.collected", all)).rejects.toMatchObject({
      code: "FILE_UNWRITABLE",
    });
    expect(places(directory)).toHaveLength(1);
  });

  test("what is taken over while it is read is read once", async () => {
    const directory = fresh();
    const first = monitorIn(directory);
    for (const tenant of ["a1", "a2"]) first.note(answer({ tenant }));
    await first.close();
    const wanted = (await read(directory)).map(({ volume }) => volume.answers);
    const reading = collections([directory]);
    const seen = [(await reading.next()).value as Collected];
    // It rewrites what it takes over, and adds nothing that was not there.
    const next = monitorIn(directory);
    next.note(answer({ group: "other" }));
    await next.flush();
    for await (const one of reading) seen.push(one);
    expect(seen.map(({ volume }) => volume.answers)).toEqual(wanted);
    expect(places(directory)).toEqual([expect.stringMatching(/\.1$/)]);
  });

  test("what an owner left half written goes with the next one", async () => {
    const directory = fresh();
    const first = monitorIn(directory);
    first.note(answer());
    await first.close();
    writeFileSync(join(directory, places(directory)[0], "x.collected.0.partial"), "half");
    const next = monitorIn(directory);
    next.note(answer());
    await next.flush();
    const left = readdirSync(join(directory, places(directory)[0]));
    expect(left.filter((name) => name.includes("partial"))).toEqual([]);
  });

  test("canary: two that read and replace the same file lose an answer", async () => {
    const directory = fresh();
    const monitor = monitorIn(directory);
    monitor.note(answer());
    await monitor.flush();
    const [place] = await placesIn(directory);
    const name = readdirSync(pathOf(place)).find((one) => one.includes("-key-")) ?? "";
    const both = await Promise.all(
      [0, 1].map(() =>
        readCollected(join(pathOf(place), name), (shape) => new ServingSketch(shape)),
      ),
    );
    const prompt = new Hashing({ salt, width: 1024 }).prompt(Uint32Array.of(1));
    const one = { tokens: 1, prompt, marked: null };
    for (const collected of both) collected.add(one);
    for (const collected of both) await writeCollected(place, name, collected);
    expect(await answers(directory)).toBe(2);
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
    await first.close();
    const other = monitorIn(directory, { salt: new Uint8Array(32), onError });
    other.note(answer());
    await other.flush();
    expect(errors.join()).toContain("was counted under another salt");
    const [place] = places(directory);
    const name = readdirSync(join(directory, place)).find((one) => one.endsWith(".collected"));
    const path = join(directory, place, name ?? "");
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
