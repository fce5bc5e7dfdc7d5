import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import * as fc from "fast-check";
import { expect, test, vi } from "vitest";
import { Spool } from "../src/spool.js";
import { inFolder } from "./support.js";

test("a list of any length reads as an array does, as often as one likes", () => {
  const lengths = fc.constantFrom(0, 1, 1023, 1024, 1025, 5000);
  fc.assert(
    fc.property(lengths, fc.integer(), (length, seed) => {
      const items = Array.from({ length }, (_, i) => ({
        id: `${seed + i}`,
        log10P: -i / 3,
        more: new Map([[i, Infinity]]),
      }));
      const spool = new Spool<(typeof items)[number]>();
      for (const item of items) spool.add(item);
      expect(spool.length).toBe(length);
      expect([...spool]).toEqual(items);
      expect(spool.map(({ id }, i) => `${id} ${i}`)).toEqual(
        items.map(({ id }, i) => `${id} ${i}`),
      );
      spool.close();
      expect([...spool]).toEqual([]);
    }),
    { seed: 8, numRuns: 12 },
  );
});

test("nothing of it is left in the folder of temporary files, even while it is in use", () => {
  const before = new Set(readdirSync(tmpdir()));
  const spool = new Spool<number>();
  for (let i = 0; i < 3000; i++) spool.add(i);
  const during = readdirSync(tmpdir()).filter((name) => /^verdigris-\w{6}$/.test(name));
  expect(during.filter((name) => !before.has(name))).toEqual([]);
  expect([...spool].at(-1)).toBe(2999);
  spool.close();
});

test("a folder that cannot be written to is named", () => {
  vi.stubEnv("TMPDIR", inFolder("no such folder"));
  try {
    const spool = new Spool<number>();
    expect(() => {
      for (let i = 0; i < 3000; i++) spool.add(i);
    }).toThrow(/^cannot write to .*no such folder, where long lists of results are kept: ENOENT/);
  } finally {
    vi.unstubAllEnvs();
  }
});
