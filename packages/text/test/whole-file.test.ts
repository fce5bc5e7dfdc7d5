import { mkdtemp, readFile, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeWhole } from "../src/index.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "whole-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("writing a file whole", () => {
  it("leaves the old one and no partial one when it fails", async () => {
    const path = join(folder, "report.json");
    await writeWhole(path, "old");
    // The neighbour the new text goes to cannot be written: as with a full disk, the write fails half-way.
    await writeWhole(join(`${path}.partial`, "in the way"), "");
    await expect(writeWhole(path, "new")).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
    expect(await readFile(path, "utf8")).toBe("old");
  });

  it("makes the folders it needs, for its owner only where that is asked for, or none", async () => {
    const path = join(folder, "a", "b", "secret");
    await writeWhole(path, Uint8Array.of(1, 2), { isPrivate: true, writer: ".7" });
    const modes = [path, join(folder, "a"), join(folder, "a", "b")].map(async (one) => {
      return (await stat(one)).mode & 0o777;
    });
    expect(await Promise.all(modes)).toEqual([0o600, 0o700, 0o700]);
    expect(await readdir(join(folder, "a", "b"))).toEqual(["secret"]);
    const elsewhere = writeWhole(join(folder, "moved", "secret"), "", { makesFolders: false });
    await expect(elsewhere).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
    expect(await readdir(folder)).not.toContain("moved");
  });
});
