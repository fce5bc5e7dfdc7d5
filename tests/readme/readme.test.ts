/**
 * Executes the documentation: every block that opens with ```js run, ```ts run or ```sh run in the READMEs and in
 * packages/docs, in order, from the root of the repository, against the built packages. If a ```text block follows,
 * it must be what the block prints; `…` in it stands for anything. A block must end with exit code 0.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { agrees, blocksOf, run } from "./blocks.js";
import { crosscheckTable } from "./crosscheck-table.js";
import { marksTable, tableIn } from "./marks-table.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FILES = globSync(["README.md", "packages/*/README.md", "packages/docs/**/*.md"], {
  cwd: ROOT,
});

for (const file of FILES.toSorted()) {
  const blocks = blocksOf(readFileSync(join(ROOT, file), "utf8"));
  if (blocks.length === 0) continue;
  describe(`blocks of ${file}`, () => {
    it.each(blocks)("line $line runs and prints what it says", (block) => {
      const { status, stdout, stderr } = run(block, ROOT);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      if (block.output !== null && !agrees(stdout, block.output)) expect(stdout).toBe(block.output);
    });
  });
}

describe("the files that guides name", () => {
  const guides = globSync("packages/docs/guide/*.md", { cwd: ROOT }).toSorted();
  const missing = (text: string): readonly string[] =>
    [...text.matchAll(/`(?:node )?((?:packages|bench|tests|fixtures)\/[\w./-]+)/g)]
      .map(([, path]) => path)
      .filter((path) => !existsSync(join(ROOT, path)));

  it.each(guides)("%s", (guide) => {
    expect(missing(readFileSync(join(ROOT, guide), "utf8"))).toEqual([]);
  });

  it("canary: one that is not there is seen", () => {
    expect(missing("see `node bench/none.mjs` and `packages/docs`")).toEqual(["bench/none.mjs"]);
  });
});

const readme = readFileSync(join(ROOT, "README.md"), "utf8");

describe("the table of marks", () => {
  it("is the registry's", () => {
    expect(tableIn(readme, "marks")).toBe(marksTable());
  });
});

describe.runIf(tableIn(readme, "crosscheck") !== null)("the table of the cross-check", () => {
  const table = crosscheckTable();

  it("is the one its JSON gives", () => {
    expect(tableIn(readme, "crosscheck")).toBe(table);
  });

  it("has a row for every mark that is cross-checked", () => {
    const marks = readFileSync(join(ROOT, "bench/peers/live/marks.json"), "utf8");
    expect(table.split("\n")).toHaveLength(2 + (JSON.parse(marks) as unknown[]).length);
  });
});

describe("the runner", () => {
  const fence = "```";
  const sample = [
    `${fence}js run\nconsole.log(6 * 7);\n${fence}\n\n${fence}text\n42\n${fence}`,
    `${fence}js\nnot.run();\n${fence}`,
    `${fence}sh run\nfalse\n${fence}\n\nSome prose.\n\n${fence}text\nno output of that\n${fence}`,
  ].join("\n\n");

  it("finds the marked blocks and the output that follows them", () => {
    expect(blocksOf(sample)).toEqual([
      { language: "js", line: 1, code: "console.log(6 * 7);\n", output: "42\n" },
      { language: "sh", line: 13, code: "false\n", output: null },
    ]);
  });

  it("canary: a failing block and a wrong output are seen", () => {
    const [right, failing] = blocksOf(sample).map((block) => run(block, ROOT));
    expect(failing.status).toBe(1);
    expect(agrees(right.stdout, "42\n")).toBe(true);
    expect(agrees(right.stdout, "43\n")).toBe(false);
    expect(agrees("took 3 s, 42 (ok)", "took … s, 42 (ok)")).toBe(true);
  });
});
