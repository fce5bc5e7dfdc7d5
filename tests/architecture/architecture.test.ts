import { describe, expect, it } from "vitest";
import { importsOf } from "./imports.js";
import { manifestProblems } from "./manifests.js";
import { RULES } from "./rules.js";
import { exists, manifestOf, packageFolders, textFiles, topLevel } from "./workspace.js";

const ALLOWED = new Set(
  `packages bench fixtures tests
  package.json pnpm-workspace.yaml tsconfig.base.json pnpm-lock.yaml
  README.md LICENSE`.split(/\s+/),
);

describe("architecture", () => {
  const files = textFiles();

  it("sees the sources", () => {
    const paths = files.map((file) => file.path);
    expect(paths).toContain("packages/core/src/types.ts");
    expect(paths).toContain("tests/architecture/rules.ts");
  });

  describe.each(RULES)("$name", ({ check, canary }) => {
    it("holds", () => {
      expect(files.flatMap(check)).toEqual([]);
    });

    it("canary: a file that breaks it is caught", () => {
      expect(check(canary)).toHaveLength(1);
    });
  });

  it("the top level holds what the design names, and nothing else", () => {
    const unexpected = topLevel().filter((name) => !ALLOWED.has(name));
    expect(unexpected, "belongs under packages, bench, fixtures or tests").toEqual([]);
  });
});

describe("packages", () => {
  const folders = packageFolders();

  it.each(folders)("%s has a README", (folder) => {
    expect(exists(`${folder}/README.md`)).toBe(true);
  });

  it.each(folders)("%s has a manifest fit to publish, or is private", (folder) => {
    const manifest = manifestOf(folder);
    if (manifest === null || manifest.private === true) return;
    expect(manifestProblems(manifest)).toEqual([]);
  });

  it("engines are checked against the Node that the workspace brings", () => {
    const settings = textFiles().find(({ path }) => path === "pnpm-workspace.yaml");
    const checked = /^nodeVersion: (.+)$/m.exec(settings?.text ?? "")?.[1];
    expect(checked).toBe(manifestOf(".")?.devDependencies?.["node"]);
  });

  it("canary: an open manifest is caught", () => {
    const open = { name: "open", exports: { "./*": "./dist/*" } };
    expect(manifestProblems(open)).toHaveLength(7);
  });
});

describe("importsOf", () => {
  it("reads every form, and no comment or string", () => {
    const text = [
      'import a, { type B } from "one";',
      'import type { C } from "two";',
      "import {\n  d,\n} from 'three';",
      'export * from "four";',
      'import "five";',
      'const e = await import("six");',
      'type F = typeof import("seven");',
      '// import g from "no";',
      '/* import h from "no"; */',
      'export const i = "no";',
      "const j = 'import k from \"no\"';",
    ].join("\n");
    expect(importsOf(text).map((found) => [found.specifier, found.early])).toEqual([
      ["one", true],
      ["two", false],
      ["three", true],
      ["four", true],
      ["five", true],
      ["six", false],
      ["seven", false],
    ]);
  });
});
