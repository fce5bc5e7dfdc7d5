/** `monitor`, on what a gateway counted. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { bindScheme } from "@verdigris/core";
import { Tally, evidenceOf, normalQuantile } from "@verdigris/detector";
import { CollectionMonitor } from "@verdigris/gateway/collection";
import { digestOf } from "@verdigris/survival";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, test } from "vitest";
import { jsonSchemas } from "../src/commands/schema.js";
import {
  type GroupRow,
  type MonitorJson,
  monitorLineSchema,
  monitorSchema,
} from "../src/formats/monitor-schema.js";
import {
  KEY,
  PROFILE,
  TOKENIZER,
  cli,
  file,
  inFolder,
  jsonl,
  profilePath,
  started,
  stockAnswers,
} from "./support.js";

const ACCOUNTS = 24;
const scheme = bindScheme(PROFILE, KEY);
const collected = inFolder("collected");
const profile = { id: PROFILE.id, digest: digestOf(PROFILE), h: PROFILE.h };

function counting(directory: string, width = 2 ** 18): CollectionMonitor {
  const salt = new Uint8Array(32).fill(3);
  return new CollectionMonitor(directory, { salt, width, newId: () => "one", now: () => 0 });
}

beforeAll(async () => {
  const monitor = counting(collected, 2 ** 14);
  /** The prompts are all new, or all the same. */
  const served = await stockAnswers(312);
  served.forEach((tokens, i) => {
    const tally = new Tally(scheme);
    tally.add({ tokens });
    const evidence = evidenceOf(scheme.law, tally.count());
    const common = { profile, tokens, evidence };
    const prompt = Uint32Array.from({ length: 12 }, (_, j) => 1000 + 12 * i + j);
    const [tenant, group] = [`account-${i % ACCOUNTS}`, "distillers"];
    monitor.note({ ...common, tenant, group, keyId: KEY.id, prompt });
    if (i % 8 > 0) return;
    const one = { tenant: "shop", group: "shop", keyId: "0123456789abcdef" };
    monitor.note({ ...common, ...one, prompt: Uint32Array.of(5, 6, 7) });
  });
  await monitor.flush();
  file(
    "audit.jsonl",
    jsonl(...served.slice(0, 100).map((tokens) => ({ text: "w", tokens: [...tokens] }))),
  );
});

const FORECAST = {
  profiles: [profilePath],
  tokenizer: TOKENIZER,
  audit: ["audit.jsonl"],
  student: "count",
};

function monitor(config: unknown, ...args: readonly string[]): ReturnType<typeof cli> {
  return cli(["monitor", "--config", file("monitor.json", JSON.stringify(config)), ...args]);
}

let known: readonly GroupRow[] | undefined;

async function rows(): Promise<readonly GroupRow[]> {
  return (known ??= await look());
}

async function look(): Promise<readonly GroupRow[]> {
  const { code, stdout, stderr } = await monitor(
    { collected: ["collected"], forecast: FORECAST },
    "--format",
    "json",
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return (JSON.parse(stdout) as { groups: readonly GroupRow[] }).groups;
}

function published(name: string): object {
  const path = new URL(`../${name}.schema.json`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8")) as object;
}

/** What a JSON Schema has against a value; null for nothing. */
function refusal(schema: object, value: unknown): unknown {
  const validate = new Ajv2020().compile(schema);
  return validate(value) ? null : validate.errors;
}

describe("verdigris monitor", () => {
  test("says how much each group and account has, how new its prompts are, and its part of all windows", async () => {
    const [distillers, shop] = await rows();
    expect(distillers).toMatchObject({ group: "distillers", answers: 312 });
    expect(distillers.coverage).toBeGreaterThan(0.99);
    expect(distillers.promptNovelty).toBeGreaterThan(0.9);
    expect(distillers.tenants).toHaveLength(ACCOUNTS);
    const shares = distillers.tenants.map(({ share }) => share);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    expect(shop).toMatchObject({
      group: "shop",
      answers: 39,
      tenants: [{ tenant: "shop", share: 1 }],
    });
    expect(shop.promptNovelty).toBeCloseTo(3 / 117, 2);
    expect(shop.coverage).toBeGreaterThan(0.1);
    expect(shop.coverage).toBeLessThan(1);
  });

  test("forecasts as `forecast` does from the same sketch, for one key of the group", async () => {
    const [{ forecast: mine }] = await rows();
    const out = inFolder("key.sketch");
    const made = await cli(["sketch", "--collected", collected, "--key-id", KEY.id, "--out", out]);
    expect(made.code).toBe(0);
    // Two groups are tested for, one each.
    const fixed = ["--profile", profilePath, "--tokenizer", TOKENIZER, "--shares", "1"];
    const audit = ["--audit", inFolder("audit.jsonl"), "--windows", "20000", "--format", "json"];
    const args = ["--sketch", out, "--excess", String(mine?.excess), "--alpha", "5e-6"];
    const { stdout } = await cli(["forecast", ...fixed, ...audit, ...args]);
    const { outlooks } = JSON.parse(stdout) as {
      outlooks: { student: { name: string }; weightings: { requiredTokens: unknown }[] }[];
    };
    const count = outlooks.find(({ student }) => student.name === "count");
    expect(mine?.groupKey).not.toBeNull();
    expect(mine?.groupKey).toEqual(count?.weightings[2].requiredTokens);
    expect(mine?.asServed).toEqual(mine?.groupKey);
  });

  test("an account's own key needs n² times as many audit tokens, and more for looking among n", async () => {
    const [{ forecast, tenants }] = await rows();
    const [group, account] = [forecast?.groupKey?.value ?? 0, forecast?.accountKey?.value ?? 0];
    const z = (alpha: number): number => normalQuantile(alpha) - normalQuantile(0.9);
    const dearer = (z(1e-5 / (2 * ACCOUNTS)) / z(1e-5 / 2)) ** 2;
    const wanted = dearer / tenants[0].share ** 2;
    expect(wanted).toBeGreaterThan(ACCOUNTS ** 2);
    // The group's audit is so small that its exact tail and its marked coins' spread make it a little dearer.
    expect(account / group / wanted).toBeGreaterThan(0.75);
    expect(account / group / wanted).toBeLessThan(1 + 1e-3);
  });

  test("says so in words, with the numbers", async () => {
    const { code, stdout } = await monitor({ collected: ["collected"], forecast: FORECAST });
    expect(code).toBe(0);
    expect(stdout).toContain("Group distillers (test-h2): 24 accounts, marked with 1 key\n");
    expect(stdout).toMatch(
      /audit tokens \[[\d,]+, [\d,]+\] under one key of the group, as it was marked\n/,
    );
    expect(stdout).toMatch(
      /audit tokens \[.*\] under a key for each of 24 accounts: what the largest/,
    );
    expect(stdout).toContain("  and 19 accounts more\n");
    expect(stdout).toContain("single accounts' keys are not");
  });

  test("alerts hold where all that they ask for holds; each is a line of JSON, and the exit code 1", async () => {
    const alerts = [
      { name: "mass", tokens: 20_000, promptNovelty: 0.5, auditTokens: 1e6 },
      { name: "not-yet", answers: 313 },
      { name: "account", of: "tenant", answers: 30 },
      { name: "covered", coverage: 0.99 },
    ];
    const config = { collected: ["collected"], forecast: FORECAST, alerts };
    const { code, stdout } = await monitor(config, "--format", "jsonl");
    expect(code).toBe(1);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toMatchObject([
      { kind: "alert", alert: "mass", group: "distillers", tenant: null },
      { alert: "covered", group: "distillers", figures: { coverage: expect.closeTo(1, 2) } },
      { alert: "account", group: "shop", tenant: "shop", figures: { answers: 39 } },
    ]);
    expect(Object.keys(lines[0]["figures"] as object)).toEqual([
      "tokens",
      "promptNovelty",
      "auditTokens",
    ]);
  });

  test("prints JSON and lines of the published schemas", async () => {
    const [whole, line] = ["monitor", "monitor-lines"].map(published);
    expect(whole).toEqual(jsonSchemas.monitor());
    expect(line).toEqual(jsonSchemas["monitor-lines"]());
    const alerts = [
      { name: "mass", tokens: 20_000, coverage: 0.5, auditTokens: 1e6 },
      { name: "account", of: "tenant", answers: 1 },
    ];
    const config = { collected: ["collected"], forecast: FORECAST, alerts };
    const { stdout } = await monitor(config, "--format", "json");
    const value = JSON.parse(stdout) as MonitorJson;
    expect([refusal(whole, value), monitorSchema.parse(value)]).toEqual([null, value]);
    expect(value.groups[0].tenants[0]).toHaveProperty("auditTokens.value");
    // Without a forecast there are fewer fields.
    const bare = await monitor({ collected: ["collected"] }, "--format", "json");
    const fewer = JSON.parse(bare.stdout) as MonitorJson;
    expect([refusal(whole, fewer), monitorSchema.parse(fewer)]).toEqual([null, fewer]);
    expect(fewer).toMatchObject({ student: null, groups: [{ forecast: null }, {}] });
    const printed = (await monitor(config, "--format", "jsonl")).stdout.trimEnd().split("\n");
    expect(printed).toHaveLength(value.alerts.length);
    for (const one of printed.map((text) => JSON.parse(text) as unknown)) {
      expect([refusal(line, one), monitorLineSchema.parse(one)]).toEqual([null, one]);
    }
  });

  test("canary: an unknown kind, a share above 1 and a missing field are refused", async () => {
    const [whole, line] = ["monitor", "monitor-lines"].map(published);
    const alert = { alert: "a", group: "g", profile: "p", tenant: null, figures: { tokens: 1 } };
    const good = { version: 1, kind: "over", ...alert };
    expect(refusal(line, good)).toBeNull();
    for (const bad of [{ kind: "begun" }, { figures: { mass: 1 } }, { group: undefined }]) {
      expect(refusal(line, { ...good, ...bad })).not.toBeNull();
    }
    const [group] = await rows();
    const document = { version: 1, student: null, groups: [group], alerts: [alert], notice: "" };
    expect(refusal(whole, document)).toBeNull();
    for (const bad of [{ coverage: 1.1 }, { tenants: undefined }, { answers: -1 }]) {
      expect(refusal(whole, { ...document, groups: [{ ...group, ...bad }] })).not.toBeNull();
    }
  });

  test("the same bytes for the same collections", async () => {
    expect(await look()).toEqual(await rows());
  });
});

describe("figures for Prometheus", () => {
  test("stand for each group, and for each alert that holds", async () => {
    const alerts = [{ name: "mass", answers: 100 }];
    const config = { collected: ["collected"], forecast: FORECAST, alerts };
    const { code, stdout } = await monitor(config, "--format", "prometheus");
    expect(code).toBe(1);
    const labels = 'group="distillers",profile="test-h2"';
    expect(stdout).toContain(`verdigris_collection_answers{${labels}} 312\n`);
    expect(stdout).toContain(`verdigris_collection_accounts{${labels}} ${ACCOUNTS}\n`);
    expect(stdout).toMatch(
      new RegExp(`verdigris_collection_audit_tokens\\{${labels},keys="groupKey"\\} \\d+\\n`),
    );
    expect(stdout).toContain(`verdigris_collection_alert{alert="mass",${labels},tenant=""} 1\n`);
  });

  test("are served while it watches; an alert is printed when it begins, and once", async () => {
    const directory = inFolder("growing");
    mkdirSync(directory);
    const grower = counting(directory);
    const config = { collected: ["growing"], alerts: [{ name: "mass", answers: 3 }] };
    const path = file("growing.json", JSON.stringify(config));
    const args = ["monitor", "--config", path, "--every", "1", "--port", "0"];
    const { url, stdout, stop, code } = await started(args);
    expect(stdout.text).toBe("");
    const tokens = Uint32Array.of(1, 2, 3);
    for (let i = 0; i < 3; i++) {
      const common = { tenant: "a", group: "acme", profile, keyId: KEY.id, evidence: null };
      grower.note({ ...common, prompt: tokens, tokens });
    }
    await grower.flush();
    for (let i = 0; i < 300 && stdout.text === ""; i++) await sleep(20);
    expect(JSON.parse(stdout.text)).toMatchObject({ kind: "alert", alert: "mass", group: "acme" });
    const metrics = await fetch(`${url}/metrics`);
    expect(metrics.headers.get("content-type")).toContain("version=0.0.4");
    expect(await metrics.text()).toContain('verdigris_collection_answers{group="acme"');
    stop();
    expect(await code).toBe(0);
    expect(stdout.text.trim().split("\n")).toHaveLength(1);
  });
});

describe("verdigris monitor: bad input", () => {
  test.each([
    [{}, "monitor.json.collected: "],
    [{ collected: [] }, "monitor.json.collected: "],
    [{ collected: ["c"], alerts: [{ name: "x" }] }, "expected a condition"],
    [
      { collected: ["c"], alerts: [{ name: "x", coverage: 2 }] },
      "alerts.0.coverage: Too big: expected number to be <=1, got 2",
    ],
    [{ collected: ["c"], alerts: [{ name: "a b", tokens: 2 }] }, "alerts.0.name"],
    [
      { collected: ["c"], alerts: [{ name: "x", auditTokens: 2 }] },
      "forecast: expected it with an alert",
    ],
    [
      { collected: ["c"], alerts: ["x", "x"].map((name) => ({ name, tokens: 1 })) },
      "expected each name once, got x twice",
    ],
    [
      { collected: ["c"], forecast: { ...FORECAST, alpha: 0.7 } },
      "forecast.alpha: Too big: expected number to be <0.5, got 0.7",
    ],
    [
      { collected: ["c"], forecast: { ...FORECAST, student: "parrot" } },
      "expected count, language-model, got",
    ],
    [{ collected: ["c"], forecast: { ...FORECAST, audit: ["none.jsonl"] } }, "none.jsonl"],
    [{ collected: ["nowhere"] }, "nowhere does not exist"],
    [
      { collected: ["c"], colected: 1 },
      'expected no fields but collected, forecast, alerts, got "colected"',
    ],
  ])("%# is refused, naming field, range and what came", async (config, message) => {
    mkdirSync(inFolder("c"), { recursive: true });
    const { code, stdout, stderr } = await monitor(config);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
  });

  test("a collection that is broken is named", async () => {
    mkdirSync(inFolder("broken/one.0"), { recursive: true });
    const name = `${"0".repeat(24)}-key-${"0".repeat(24)}.collected`;
    writeFileSync(inFolder(`broken/one.0/${name}`), readFileSync(profilePath));
    const { code, stderr } = await monitor({ collected: ["broken"] });
    expect([code, stderr]).toEqual([2, expect.stringContaining(`${name}: is no collection`)]);
  });

  test("nothing collected is no alert", async () => {
    mkdirSync(inFolder("empty"), { recursive: true });
    const { code, stdout } = await monitor({
      collected: ["empty"],
      alerts: [{ name: "x", tokens: 1 }],
    });
    expect([code, stdout]).toEqual([0, "Nothing has been collected.\n"]);
  });

  test.each([
    [["--port", "0"], "--port: expected --every with it"],
    [["--every", "5", "--format", "json"], "--every: expected --format jsonl with it, got json"],
    [["--every", "0"], "Expected a number in [1, 86400]"],
  ])("options that do not go together (%#)", async (args, message) => {
    const { code, stderr } = await monitor({ collected: ["c"] }, ...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe("verdigris sketch --collected", () => {
  test.each([
    [["--collected", "collected"], "--key-id: expected it with --collected"],
    [
      ["--collected", "collected", "--key-id", "f".repeat(16)],
      "expected a key that was collected, got f",
    ],
    [["x.txt", "--collected", "collected"], "expected either files or --collected"],
    [["x.txt"], "--profile: expected it with files"],
  ])("says what is missing (%#)", async (args, message) => {
    const { code, stderr } = await cli(["sketch", ...args, "--out", inFolder("x.sketch")]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});
