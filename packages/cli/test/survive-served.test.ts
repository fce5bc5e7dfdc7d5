/**
 * A study whose teacher is served by `verdigris serve`, over HTTP: with the mark for those who have an API key, without it for
 * anybody.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import type { StudyReport } from "@verdigris/survival";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cli, file, inFolder, keyPath, profilePath, serveWords } from "./support.js";

const servers: Awaited<ReturnType<typeof serveWords>>[] = [];

let config: Readonly<Record<string, unknown>> & {
  readonly material: Readonly<Record<string, unknown>> & { readonly served: Served };
};

interface Served {
  readonly unmarked: object;
  readonly marked: readonly [object];
  readonly keyFile: string;
}

const API_KEY = "sk-of-the-teacher-5f1d";
const TENANTS = file(
  "tenants.json",
  JSON.stringify({
    tenants: [
      {
        name: "laboratory",
        apiKeySha256: createHash("sha256").update(API_KEY).digest("hex"),
        profile: profilePath,
        key: { file: keyPath },
      },
    ],
  }),
);

/** `verdigris survive` of a study; nothing that it says or writes shows the key. */
async function survive(
  study: object,
  out: string,
  env: Readonly<Record<string, string>> = { TEACHER_KEY: API_KEY },
): ReturnType<typeof cli> {
  const path = file(`${out}.json`, JSON.stringify(study));
  const outcome = await cli(["survive", "--config", path, "--out", inFolder(out)], { env });
  const written = existsSync(inFolder(out))
    ? readdirSync(inFolder(out), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => readFileSync(`${parentPath}/${name}`, "latin1"))
    : [];
  for (const text of [outcome.stdout, outcome.stderr, ...written]) {
    expect(text).not.toContain(API_KEY);
    expect(text).not.toContain("sk-nobody");
  }
  return outcome;
}

/** The study with another marked server. */
function withServer(change: object): object {
  const { served } = config.material;
  const [marked] = served.marked;
  const material = {
    ...config.material,
    served: { ...served, marked: [{ ...marked, ...change }] },
  };
  return { ...config, material };
}

/** An address where something listened until now. */
async function addressOfNobody(): Promise<string> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  server.close();
  return `http://127.0.0.1:${port}/v1`;
}

const reportIn = (out: string): string => readFileSync(inFolder(`${out}/report.json`), "utf8");

beforeAll(async () => {
  const fixture = (path: string): string =>
    fileURLToPath(new URL(`../../../fixtures/corpora/${path}`, import.meta.url));
  servers.push(
    await serveWords("teacher", "--tenants", TENANTS),
    await serveWords("teacher", "--unmarked"),
  );
  const [marked, unmarked] = servers.map(({ url }) => url);
  config = {
    kind: "study",
    name: "served",
    keys: 1,
    seeds: 1,
    material: {
      manifest: fixture("smollm2/manifest.json"),
      human: [fixture("human/sotu.txt.br")],
      humanTokensPerFile: 2000,
      served: {
        unmarked: { url: unmarked, model: "words" },
        marked: [{ url: marked, model: "words", profile: profilePath, apiKeyEnv: "TEACHER_KEY" }],
        keyFile: keyPath,
      },
    },
    audit: { heldOut: 1000, oneStep: 500, open: 100, freeRun: 0, decoys: 19 },
    default: {
      tokens: 2000,
      mark: { h: 2, parameters: { gamma: 0.25, delta: 4 } },
      teacher: { kind: "endpoint", textLength: 100 },
    },
  };
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

test("is taught under the server's key, with the control that its unmarked twin gives", async () => {
  const { code } = await survive(config, "served");
  expect(code).toBe(0);
  const report = JSON.parse(reportIn("served")) as StudyReport;
  const [full, control] = report.cells;
  const [{ teacher }] = full.runs;
  expect(teacher.profile).toBe("test-h2");
  expect(teacher.evidence.log10P).toBeLessThan(-20);
  // The excess of all its text; of the windows that so small an audit asks, the corpus may hold none.
  expect(full.runs[0].forecast.deltaT).toBeGreaterThan(0.5);
  expect(control.setting.rho).toBe(0);
  expect(control.access.oneStep.detected).toBe(0);
});

test("is the same study wherever the API key is kept, and asks nobody for what is stored", async () => {
  const before = reportIn("served");
  const { code } = await survive(withServer({ apiKeyEnv: "OTHER" }), "served", { OTHER: "sk-x" });
  expect([code, reportIn("served")]).toEqual([0, before]);
});

test.each([
  [
    "no variable of that name",
    {},
    {},
    /: material\.served\.marked\.0\.apiKeyEnv: expected an API key in the environment variable TEACHER_KEY, which is not set\n$/,
  ],
  ["an empty one", {}, { TEACHER_KEY: " " }, /TEACHER_KEY, which is empty\n$/],
  [
    "a key that no header can carry",
    {},
    { TEACHER_KEY: `${API_KEY}\nHost: x` },
    /TEACHER_KEY: expected an API key of 1 to 4,096 visible ASCII/,
  ],
  [
    "a key in its place",
    { apiKeyEnv: API_KEY },
    {},
    /apiKeyEnv: expected the name of an environment variable, in capitals, got something else\n$/,
  ],
  [
    "another key",
    {},
    { TEACHER_KEY: "sk-nobody" },
    /\/v1: 401 .*; sent was the API key in TEACHER_KEY\n$/,
  ],
  [
    "no key",
    { apiKeyEnv: undefined },
    {},
    /\/v1: 401 .*; no API key was sent \(apiKeyEnv of a study, --api-key-env of an audit\)\n$/,
  ],
  [
    "a server that is not there",
    { url: await addressOfNobody() },
    undefined,
    /\/v1: Connection error\. \(connect ECONNREFUSED 127\.0\.0\.1:\d+\)/,
  ],
  [
    "a password in the address",
    { url: `http://me:${API_KEY}@127.0.0.1:8000/v1` },
    undefined,
    /served\.marked\.0\.url: expected http.* without user, password or query/,
  ],
])("%s is told before any work", async (_what, change, env, says) => {
  const { code, stderr } = await survive(withServer(change), "refused", env);
  expect(stderr.split("\n").length).toBe(2);
  expect(stderr).toMatch(says);
  expect(code).toBe(2);
  expect(existsSync(inFolder("refused"))).toBe(false);
});

test("has no other mark, and one key", async () => {
  const other = {
    ...config,
    default: { tokens: 2000, mark: { h: 1 }, teacher: { kind: "endpoint" } },
  };
  const { code, stderr } = await survive(other, "other");
  expect([code, stderr]).toEqual([2, expect.stringContaining('with this teacher, got {"h":1')]);
  const outcome = await survive({ ...config, keys: 2 }, "twice");
  expect(outcome.stderr).toContain("expected keys = 1 with the endpoint teacher");
});
