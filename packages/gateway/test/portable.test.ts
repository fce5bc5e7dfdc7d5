/** The built entries on the runtimes a gateway is deployed to. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { rolldown } from "rolldown";
import { describe, expect, it } from "vitest";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const fixture = (path: string): string =>
  readFileSync(new URL(`../../../fixtures/${path}`, import.meta.url), "utf8");

/** Two functions with nothing but web standards: one marked and streamed answer, one detection. */
const PROGRAM = `
import { Key, parseProfile } from "@verdigris/core";
import { vllmMark, watermarkFetch } from ${JSON.stringify(`${DIST}index.js`)};
import { createDetectionHandler } from ${JSON.stringify(`${DIST}detection/index.js`)};

export async function mark() {
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
  const body = '{"watermarking":false}';
  const response = await fetch("http://upstream/v1/chat/completions", { method: "POST", body });
  const { length } = await response.text();
  const kinds = entries.map((entry) => entry.kind ?? entry);
  return { status: response.headers.get("x-watermark-status"), length, kinds, hash: entries.at(-1).choices[0].textSha256 };
}

export async function detect({ profile, key, apiKeySha256, body }) {
  const handle = createDetectionHandler({
    marks: [{ profile: parseProfile(profile), key: Key.fromText(key) }],
    clients: [{ name: "test", apiKeySha256 }],
    now: () => 0,
  });
  const init = { method: "POST", headers: { authorization: "Bearer sk" }, body: JSON.stringify(body) };
  const response = await handle(new Request("http://localhost/v1/detect", init));
  const { results: [{ n, log10P, decoy }] } = await response.json();
  return { n, log10P, decoy };
}
`;

const EXPECTED = {
  status: "applied",
  length: 78,
  kinds: ["started", { watermarking: true }, "ended"],
  hash: createHash("sha256").update("Grün").digest("hex"),
};
const QUESTION = {
  profile: JSON.parse(fixture("corpora/smollm2/profile-h1.json")) as unknown,
  key: fixture("corpora/test-key.txt"),
  apiKeySha256: createHash("sha256").update("sk").digest("hex"),
  body: { tokens: Array.from({ length: 400 }, (_, i) => 20 + ((i * 7919) % 40_000)) },
};

/** One module out of the program and all it imports. */
async function bundled(program: string): Promise<string> {
  const plugin = {
    name: "program",
    resolveId: (id: string) => (id === "program" ? join(DIST, "program.js") : null),
    load: (id: string) => (id === join(DIST, "program.js") ? program : null),
  };
  const bundle = await rolldown({ input: "program", platform: "neutral", plugins: [plugin] });
  const { output } = await bundle.generate({ format: "esm" });
  await bundle.close();
  expect(output).toHaveLength(1);
  return output[0].code;
}

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

describe("the built entries", () => {
  const answers: unknown[] = [];
  const last = `\nconsole.log(JSON.stringify([await mark(), await detect(${JSON.stringify(QUESTION)})]));\n`;

  it.each(nodes())("mark and detect under %s", async (node) => {
    const input = await bundled(PROGRAM + last);
    const { status, stdout, stderr } = spawnSync(node, ["--input-type=module"], {
      encoding: "utf8",
      input,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const [marked, detected] = JSON.parse(stdout) as unknown[];
    expect(marked).toEqual(EXPECTED);
    answers.push(detected);
  });

  it("mark and detect in workerd, the runtime of Cloudflare's workers, with the same figures", async () => {
    const handler = `
export default {
  fetch: async (request) => Response.json([await mark(), await detect(await request.json())]),
};`;
    const worker = new Miniflare({
      modules: true,
      compatibilityDate: "2026-07-01",
      script: await bundled(PROGRAM + handler),
    });
    try {
      const init = { method: "POST", body: JSON.stringify(QUESTION) };
      const response = await worker.dispatchFetch("http://worker/", init);
      const [marked, detected] = (await response.json()) as unknown[];
      expect(marked).toEqual(EXPECTED);
      answers.push(detected);
    } finally {
      await worker.dispose();
    }
    expect(answers.length).toBeGreaterThan(1);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
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
    const specifiers = visit(join(DIST, `${entry}.js`));
    const packages = specifiers.map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0]);
    expect([...new Set(packages)].toSorted()).toEqual(expected);
    expect(specifiers).not.toContain("@verdigris/text");
    expect(seen.size).toBeGreaterThan(5);
  });
});
