// What the mark adds to a served token: the same server, model and requests, marked and not, in turns.
//
//   node bench/speed/serve.mjs [--turns N] [--json FILE]     needs built packages and fixtures/models/SmolLM2-135M-Instruct.Q4_1.gguf
//
// A turn is 8 streamed answers at once, as the server batches them, through every step of the server but HTTP. Processor time of
// this process, the engine's thread included, for each token; goal: marking adds at most 5 %.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Key, parseProfile } from "@verdigris/core";
import { lehmer } from "@verdigris/core/testing";
import { createModelServer } from "@verdigris/gateway/serve";
import { openLlama } from "@verdigris/watermark/node-llama-cpp";
import { median, report, round } from "./timing.mjs";

const asked = process.argv.indexOf("--turns");
const TURNS = asked < 0 ? 10 : Number(process.argv[asked + 1]);
const WARM_UP = 1;
const AT_ONCE = 8;
const TOKENS = 40;
const GOAL = 5;

const at = (path) => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const model = await openLlama({
  modelPath: at("models/SmolLM2-135M-Instruct.Q4_1.gguf"),
  sequences: AT_ONCE,
});
const key = Key.fromText(readFileSync(at("corpora/test-key.txt"), "utf8"));
const tenantOf = (name, machineToMachine) => {
  const profile = parseProfile(
    JSON.parse(readFileSync(at(`corpora/smollm2/profile-${name}.json`), "utf8")),
  );
  return { name, profile, digest: "0".repeat(64), key, machineToMachine };
};
const tenants = {
  unmarked: tenantOf("h1", true),
  "marked, h = 1": tenantOf("h1", false),
  "marked, h = 4": tenantOf("h4", false),
};
let ids = 0;
const server = createModelServer({
  model,
  modelId: "smollm2",
  resolveTenant: ({ headers }) => tenants[headers.get("authorization")],
  random: (seed) => lehmer(seed),
  sink: { write() {} },
  failure: "open",
  newId: () => `r${++ids}`,
  now: () => 0,
});

/** One answer; its tokens. */
async function answer(authorization, seed) {
  const body = JSON.stringify({
    model: "smollm2",
    messages: [{ role: "user", content: "Tell a long story about a fisherman and the sea." }],
    max_tokens: TOKENS,
    stream: true,
    stream_options: { include_usage: true },
    seed,
  });
  const request = new Request("http://localhost/v1/chat/completions", {
    method: "POST",
    headers: { authorization },
    body,
  });
  const response = await server.handle(request);
  const wanted = authorization === "unmarked" ? "skipped;reason=machine-to-machine" : "applied";
  if (response.headers.get("x-watermark-status") !== wanted) throw new Error(await response.text());
  const [, tokens] = /"completion_tokens":(\d+)/.exec(await response.text());
  return Number(tokens);
}

/** Processor microseconds for each token of one turn. */
async function turn(tenant, seed) {
  const before = process.cpuUsage();
  const counts = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, i) => answer(tenant, 1 + seed * AT_ONCE + i)),
  );
  const { user, system } = process.cpuUsage(before);
  return (user + system) / counts.reduce((sum, n) => sum + n, 0);
}

const names = Object.keys(tenants);
const times = names.map(() => []);
for (let round_ = -WARM_UP; round_ < TURNS; round_++) {
  // Who comes first changes, so that no tenant always has the cooler processor.
  for (let i = 0; i < names.length; i++) {
    const which = (i + round_ + WARM_UP) % names.length;
    const us = await turn(names[which], round_ + WARM_UP);
    if (round_ >= 0) times[which].push(us);
  }
}
await model.dispose();

const rows = names.map((name, i) => ({
  answers: name,
  "CPU us a token": round(median(times[i])),
  "added, %": round(100 * (median(times[i].map((us, turn_) => us / times[0][turn_])) - 1)),
  "added, % (quartiles)": quartiles(times[i].map((us, turn_) => 100 * (us / times[0][turn_] - 1))),
}));
report("serve", rows, {
  timing: `median of ${TURNS} turns of ${AT_ONCE} answers of ${TOKENS} tokens; ratios within a turn; processor time`,
  goalAddedPercent: GOAL,
});
if (rows.some((row) => row["added, %"] > GOAL)) {
  console.log(`more than the goal of ${GOAL} %`);
  process.exitCode = 1;
}

function quartiles(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return [0.25, 0.75].map((q) => round(sorted[Math.floor(q * (sorted.length - 1))])).join(" … ");
}
