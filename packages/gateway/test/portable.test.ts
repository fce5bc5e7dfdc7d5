/** The built main entry on the runtimes a gateway is deployed to. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const DIST = fileURLToPath(new URL("../dist/index.js", import.meta.url));

/** Streams one marked answer through the built package, with nothing but web standards. */
const PROGRAM = `
const { watermarkFetch, vllmMark } = await import(process.argv[1]);
const entries = [];
const upstream = async (url, { body }) => {
  const text = 'data: {"choices":[{"index":0,"delta":{"content":"Gr\\u00fcn"}}]}\\r\\n\\r\\ndata: [DONE]\\r\\n\\r\\n';
  entries.push(JSON.parse(body));
  return new Response(text, { headers: { "content-type": "text/event-stream" } });
};
const fetch = watermarkFetch(upstream, {
  policy: { mark: vllmMark(), profile: { id: "p", digest: "d" }, keyId: "k" },
  sink: { write: (entry) => void entries.push(entry) },
  failure: "closed", newId: () => "r1", now: () => 0,
});
const response = await fetch("http://upstream/v1/chat/completions", { method: "POST", body: '{"watermarking":false}' });
const text = await response.text();
console.log(JSON.stringify([process.versions.node.split(".")[0], response.headers.get("x-watermark-status"), text.length, entries]));
`;

/** Every `node` on the path, once per version: the workspace's own, and the system's. */
function nodes(): readonly string[] {
  const places = [dirname(process.execPath), ...(process.env.PATH ?? "").split(delimiter)];
  const found = new Map<string, string>();
  for (const path of places
    .map((place) => join(place, "node"))
    .filter((path) => existsSync(path))) {
    const { stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
    if (!found.has(stdout)) found.set(stdout, path);
  }
  return [...found.values()];
}

describe("the built main entry", () => {
  it.each(nodes())("streams, marks and records under %s", (node) => {
    const args = ["--input-type=module", "-e", PROGRAM, DIST];
    const { status, stdout, stderr } = spawnSync(node, args, { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const [, label, length, entries] = JSON.parse(stdout) as [
      string,
      string,
      number,
      { kind?: string }[],
    ];
    expect([label, length]).toEqual(["applied", 78]);
    expect(entries.map((entry) => entry.kind ?? entry)).toEqual([
      "started",
      { watermarking: true },
      "ended",
    ]);
  });

  it.each([
    ["index", ["@noble/hashes", "eventsource-parser"]],
    [
      "detection/index",
      ["@noble/hashes", "@verdigris/core", "@verdigris/detector", "@verdigris/text", "zod"],
    ],
  ])("%s needs no module of Node, nor do the files it loads", (entry, expected) => {
    const seen = new Set<string>();
    const visit = (file: string): readonly string[] => {
      if (seen.has(file)) return [];
      seen.add(file);
      const imports = readFileSync(file, "utf8").matchAll(
        /^(?:import|export)[^"]*?from "([^"]+)"/gm,
      );
      return Array.from(imports, ([, specifier]) => specifier).flatMap((specifier) =>
        specifier.startsWith(".") ? visit(join(dirname(file), specifier)) : [specifier],
      );
    };
    const specifiers = visit(join(DIST, "..", `${entry}.js`));
    const packages = specifiers.map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0]);
    expect([...new Set(packages)].toSorted()).toEqual(expected);
    expect(specifiers).not.toContain("@verdigris/text");
    expect(seen.size).toBeGreaterThan(5);
  });
});
