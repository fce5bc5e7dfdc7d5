/** What a published package's manifest must say. */
import type { Manifest } from "./workspace.js";

/** Complaints about a manifest, none if it is fine. */
export function manifestProblems(manifest: Manifest): readonly string[] {
  const problems: string[] = [];
  const expect = (ok: boolean, why: string): void => {
    if (!ok) problems.push(`${manifest.name}: ${why}`);
  };
  expect(manifest.type === "module", 'type must be "module"');
  expect(manifest.license === "Apache-2.0", "license must be Apache-2.0, the text at the root");
  expect(
    manifest.engines?.node === ">=22.12",
    "engines.node must be >=22.12, what the tests run on",
  );
  expect(manifest.sideEffects === false, "sideEffects must be false, or bundlers keep all of it");
  expect(manifest.files?.includes("dist") === true, "files must name dist");
  const targets = Object.entries(manifest.exports ?? {});
  expect(targets.length > 0, "exports must be there, or every file is public");
  for (const [subpath, target] of targets) {
    expect(!subpath.includes("*"), `exports["${subpath}"] opens a whole folder: name each entry`);
    if (subpath.endsWith(".json") && target === subpath) continue;
    expect(
      /^\{"types":"\.\/dist\/[^"*]+\.d\.ts","default":"\.\/dist\/[^"*]+\.js"\}$/.test(
        JSON.stringify(target),
      ),
      `exports["${subpath}"] must give types, then default, in dist`,
    );
  }
  return problems;
}
