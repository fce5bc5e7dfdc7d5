import { readFileSync, statSync } from "node:fs";
import { Key } from "@verdigris/core";
import { describe, expect, test } from "vitest";
import { cli, file, inFolder } from "./support.js";

describe("verdigris keygen", () => {
  test("prints 64 hex digits, and the key's id on standard error", async () => {
    const { code, stdout, stderr } = await cli(["keygen"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect(stderr).toBe(`key id ${Key.fromText(stdout).id}\n`);
  });

  test("makes another key each time", async () => {
    expect((await cli(["keygen"])).stdout).not.toBe((await cli(["keygen"])).stdout);
  });

  test("writes a file that only its owner can read, and prints no key", async () => {
    const { code, stdout, stderr } = await cli(["keygen", "--out", "new-key.txt"]);
    expect(code).toBe(0);
    expect(stdout).toBe("");
    const written = readFileSync(inFolder("new-key.txt"), "utf8");
    expect(statSync(inFolder("new-key.txt")).mode & 0o777).toBe(0o600);
    expect(stderr).toBe(`key id ${Key.fromText(written).id}\n`);
    expect(stderr).not.toContain(written.trim());
  });

  test("never overwrites", async () => {
    const path = file("old-key.txt", "precious");
    const { code, stderr } = await cli(["keygen", "--out", path]);
    expect(code).toBe(2);
    expect(stderr).toContain("never overwritten");
    expect(readFileSync(path, "utf8")).toBe("precious");
  });

  test("a file that cannot be written", async () => {
    const path = file("not-a-folder", "");
    for (const out of [inFolder("nowhere/key.txt"), `${path}/key.txt`]) {
      const { code, stdout, stderr } = await cli(["keygen", "--out", out]);
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toContain(`--out: ${out} cannot be written`);
    }
  });
});
