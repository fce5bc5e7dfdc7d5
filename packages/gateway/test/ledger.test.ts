import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { FileLedger, type LedgerAnswer, readLedger } from "../src/ledger/index.js";
import type { Ended, Started } from "../src/index.js";

const folder = mkdtempSync(join(tmpdir(), "ledger-"));
const inFolder = (name: string): string => join(folder, name);
const disk = inFolder("full");
mkdirSync(disk);
const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=16k", "tmpfs", disk]).status === 0;
afterAll(() => {
  if (mounted) spawnSync("umount", [disk]);
  rmSync(folder, { recursive: true, force: true });
});

function started(record: string): Started {
  const status = { kind: "applied" } as const;
  const nobody = { model: null, tenant: "acme", profile: null, keyId: null };
  return { kind: "started", record, at: 1, endpoint: "chat", status, ...nobody };
}

function ended(record: string): Ended {
  const from = { httpStatus: 200, upstreamId: null, completionTokens: 3, choices: [] };
  return { kind: "ended", record, at: 2, outcome: "complete", ...from };
}

async function answers(path: string): Promise<readonly LedgerAnswer[]> {
  return Array.fromAsync(readLedger(path));
}

/** Writes records, eight at once, and prints each that was acknowledged, until it is killed. */
const WRITER = `
import { FileLedger } from ${JSON.stringify(new URL("../dist/ledger/index.js", import.meta.url).href)};
const ledger = await FileLedger.open(process.argv[1]);
for (let n = 0; ; n += 8) {
  await Promise.all(Array.from({ length: 8 }, async (_, i) => {
    await ledger.write({ ...${JSON.stringify(started(""))}, record: "answer-" + (n + i) });
    process.stdout.write("answer-" + (n + i) + "\\n");
  }));
}`;

describe("a ledger file", () => {
  test("keeps what is written together whole, in order, for its owner only", async () => {
    const path = inFolder("ledger.jsonl");
    const ledger = await FileLedger.open(path, { survives: "machine" });
    const names = Array.from({ length: 500 }, (_, i) => `r${i}`);
    await Promise.all(names.map((name) => ledger.write(started(name))));
    await ledger.write(ended("r7"));
    await ledger.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const read = await answers(path);
    expect(read[0]).toEqual({ start: started("r7"), end: ended("r7") });
    const open = read.slice(1).map(({ start, end }) => [start.record, end]);
    expect(open).toEqual(names.filter((name) => name !== "r7").map((name) => [name, null]));
  });

  test("loses nothing that was acknowledged when its process is killed", async () => {
    const path = inFolder("killed.jsonl");
    const child = spawn(process.execPath, ["--input-type=module", "-e", WRITER, path]);
    let acknowledged = "";
    child.stdout.on("data", (bytes: Buffer) => {
      acknowledged += bytes.toString();
      if (acknowledged.length > 20_000) child.kill("SIGKILL");
    });
    await once(child, "close");
    expect(child.signalCode).toBe("SIGKILL");
    // The last line may be cut.
    const known = acknowledged.split("\n").slice(0, -1);
    const ledger = await FileLedger.open(path);
    await ledger.write(started("after"));
    await ledger.close();
    const kept = new Set((await answers(path)).map(({ start }) => start.record));
    expect(known.length).toBeGreaterThan(500);
    expect(known.filter((name) => !kept.has(name))).toEqual([]);
    expect(kept).toContain("after");
  });

  test("a record cut off in the middle is removed, and the next one is whole", async () => {
    const path = inFolder("torn.jsonl");
    writeFileSync(path, `${JSON.stringify(started("whole"))}\n`);
    appendFileSync(path, `{"kind":"started","record":"${"x".repeat(100_000)}`);
    const ledger = await FileLedger.open(path);
    await ledger.write(started("next"));
    await ledger.close();
    expect((await answers(path)).map(({ start }) => start.record)).toEqual(["whole", "next"]);
  });

  test.runIf(mounted)(
    "on a full disk it refuses, and what was written stays readable",
    async () => {
      const path = join(disk, "ledger.jsonl");
      const ledger = await FileLedger.open(path);
      let n = 0;
      const fill = async (): Promise<void> => {
        for (;;) await ledger.write(started(`r${n++}`));
      };
      await expect(fill()).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
      await ledger.close();
      const kept = await answers(path);
      expect(kept).toHaveLength(n - 1);
      expect(readFileSync(path, "utf8").endsWith("\n")).toBe(true);
    },
  );

  test("says where it is broken, and that it is missing", async () => {
    const path = inFolder("broken.jsonl");
    writeFileSync(path, `${JSON.stringify(started("a"))}\nnot a record\n`);
    await expect(answers(path)).rejects.toThrow(`${path}:2: expected a record`);
    await expect(answers(inFolder("none"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    await expect(FileLedger.open(folder)).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
  });
});
