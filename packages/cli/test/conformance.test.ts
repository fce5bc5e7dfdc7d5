import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { cli, file } from "./support.js";

const stored = new URL("../../../fixtures/vectors/peers/sbw.json", import.meta.url);
const vectors = JSON.parse(readFileSync(stored, "utf8")) as {
  jenkins_hash: { x: number; h: number }[];
};
const good = file("sbw.json", JSON.stringify(vectors));

describe("verdigris conformance", () => {
  test("prints a line a file and the sum: exit 0", async () => {
    const { code, stdout, stderr } = await cli(["conformance", good]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toBe("sbw.json: 309 passed, 0 failed\n309 passed, 0 failed\n");
  });

  test("names a vector that disagrees: exit 1", async () => {
    const [first, ...rest] = vectors.jenkins_hash;
    const broken = { ...vectors, jenkins_hash: [{ ...first, h: first.h + 1 }, ...rest] };
    const { code, stdout, stderr } = await cli([
      "conformance",
      file("bad.json", JSON.stringify(broken)),
    ]);
    expect(code).toBe(1);
    expect(stdout).toBe("bad.json: 308 passed, 1 failed\n308 passed, 1 failed\n");
    expect(stderr).toBe(`bad.json: jenkins_hash[0]: h: expected ${first.h + 1}, got ${first.h}\n`);
  });

  test("counts a kind it does not know as failed, and tells the first five unless asked for all", async () => {
    const unknown = { ...vectors, quantum: Array.from({ length: 7 }, () => ({})) };
    const path = file("unknown.json", JSON.stringify(unknown));
    const few = await cli(["conformance", path]);
    expect([few.code, few.stderr.trim().split("\n").length]).toEqual([1, 6]);
    expect(few.stderr).toContain("and 2 more (--verbose)");
    expect(few.stdout).toContain("309 passed, 7 failed");
    const all = await cli(["conformance", "--verbose", path]);
    expect(all.stderr.trim().split("\n")).toHaveLength(7);
  });

  test("goes on after a file that is no vector file: exit 2", async () => {
    const other = file("other.json", "{}");
    const { code, stdout, stderr } = await cli(["conformance", other, good]);
    expect(code).toBe(2);
    expect(stdout).toBe(
      "other.json: not checked\nsbw.json: 309 passed, 0 failed\n309 passed, 1 failed\n",
    );
    expect(stderr).toMatch(/other\.json: family: expected one of .*, got nothing/);
  });
});
