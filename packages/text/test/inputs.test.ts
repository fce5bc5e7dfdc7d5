import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { findFiles } from "@verdigris/text";
import { afterAll, describe, expect, test } from "vitest";

const root = mkdtempSync(join(tmpdir(), "inputs-"));
afterAll(() => rmSync(root, { recursive: true }));

for (const path of [
  "b.txt",
  "a/z.md",
  "a/B.TXT.gz",
  "a/deep/er/c.jsonl.zst",
  "a/table.csv",
  "a/table.parquet",
  "a/program.js",
  "a/.hidden.txt",
  "a/.folder/x.txt",
  "a[1].txt",
  "none/x.bin",
]) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), "text");
}
symlinkSync("..", join(root, "a/deep/loop"));
symlinkSync("../b.txt", join(root, "a/link.txt"));
symlinkSync("nowhere", join(root, "a/broken.txt"));

describe("findFiles", () => {
  test("a directory: known endings, sorted, nothing hidden, links followed but not in circles", async () => {
    const found = await findFiles("a", root);
    expect(found).toEqual([
      "a/B.TXT.gz",
      "a/deep/er/c.jsonl.zst",
      "a/link.txt",
      "a/table.csv",
      "a/table.parquet",
      "a/z.md",
    ]);
    expect(await findFiles(join(root, "a"), root)).toEqual(found.map((path) => join(root, path)));
  });

  test("a pattern, sorted; hidden files only by name", async () => {
    expect(await findFiles("a/*.{md,csv}", root)).toEqual(["a/table.csv", "a/z.md"]);
    expect(await findFiles("**/c.*", root)).toEqual(["a/deep/er/c.jsonl.zst"]);
    expect(await findFiles(`${root}/*.txt`, "/")).toEqual([
      join(root, "a[1].txt"),
      join(root, "b.txt"),
    ]);
    expect(await findFiles("a/*.js", root)).toEqual(["a/program.js"]);
    expect(await findFiles("a/.hidden.txt", root)).toEqual(["a/.hidden.txt"]);
  });

  test("a file is itself, whatever its name looks like", async () => {
    expect(await findFiles("a[1].txt", root)).toEqual(["a[1].txt"]);
    expect(await findFiles("a/program.js", root)).toEqual(["a/program.js"]);
    expect(await findFiles("-", root)).toEqual(["-"]);
  });

  test.each([
    ["no.txt", /^no\.txt does not exist$/],
    ["no*.txt", /^no file matches no\*\.txt$/],
    ["none", /^none holds no file that ends in \.txt, \.md, \.jsonl/],
  ])("%s is an error that names it", async (input, message) => {
    await expect(findFiles(input, root)).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
      message: expect.stringMatching(message),
    });
  });
});
