// What the mark adds to a served token: the same server, model and requests, marked and not, in turns.
//
//   node bench/speed/serve.mjs [--blocks N] [--json FILE]    needs built packages and fixtures/models/SmolLM2-135M-Instruct.Q4_1.gguf
//
// A turn is 8 streamed answers at once, as the server batches them, through every step of the server but HTTP. What made earlier figures noise
// is taken away: the end token ends nothing here, so that every turn reads the same prompt and writes the same number of tokens in full batches;
// what is compared is processor time of this process, the engine's thread included, not the clock; and a block runs the arms
// forwards and backwards, so that a drift of the machine's speed cancels. Each block gives one ratio to the unmarked server. Goal: the
// marked server takes at most 5 % more. Exit code 0: the 95 % interval lies below; 1: above; 2: it holds 5 %, measure longer.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Key, parseProfile } from "@verdigris/core";
import { lehmer } from "@verdigris/core/testing";
import { createModelServer } from "@verdigris/gateway/serve";
import { openLlama } from "@verdigris/watermark/node-llama-cpp";
import { median, pairedPercent, report, round } from "./timing.mjs";

const asked = process.argv.indexOf("--blocks");
const BLOCKS = asked < 0 ? 6 : Number(process.argv[asked + 1]);
const AT_ONCE = 8;
const TOKENS = 32;
const GOAL = 5;

const at = (path) => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const engine = await openLlama({
  modelPath: at("models/SmolLM2-135M-Instruct.Q4_1.gguf"),
  sequences: AT_ONCE,
});
/** Writes on until it is told to stop. */
const model = { ...engine, endTokens: new Set() };
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
    // Short, so that what is written is nearly all of the work.
    prompt: "The sea",
    max_tokens: TOKENS,
    stream: true,
    stream_options: { include_usage: true },
    seed,
  });
  const request = new Request("http://localhost/v1/completions", {
    method: "POST",
    headers: { authorization },
    body,
  });
  const response = await server.handle(request);
  const wanted = authorization === "unmarked" ? "skipped;reason=machine-to-machine" : "applied";
  if (response.headers.get("x-watermark-status") !== wanted) throw new Error(await response.text());
  const [, tokens] = /"completion_tokens":(\d+)/.exec(await response.text());
  if (Number(tokens) !== TOKENS) throw new Error(`${tokens} tokens instead of ${TOKENS}`);
}

/** Processor microseconds for each token of one turn. */
async function turn(tenant, seed) {
  const before = process.cpuUsage();
  await Promise.all(
    Array.from({ length: AT_ONCE }, (_, i) => answer(tenant, 1 + seed * AT_ONCE + i)),
  );
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (AT_ONCE * TOKENS);
}

const names = Object.keys(tenants);
const times = names.map(() => []);
const start = performance.now();
for (let block = -1; block < BLOCKS; block++) {
  const us = names.map(() => 0);
  // Forwards and backwards, beginning with another arm each time.
  const order = names.map((_, i) => (i + block + 1) % names.length);
  for (const which of [...order, ...order.toReversed()])
    us[which] += (await turn(names[which], block + 1)) / 2;
  // The first block warms up.
  if (block >= 0) us.forEach((one, which) => times[which].push(one));
}
const seconds = (performance.now() - start) / 1000;
await engine.dispose();

const rows = names.map((name, which) => {
  const { percent, lower, upper } = pairedPercent(times[which], times[0]);
  return {
    answers: name,
    "CPU us a token": round(median(times[which])),
    "added, %": round(percent),
    "95 % interval": which === 0 ? "" : `${round(lower)} … ${round(upper)}`,
    upper,
    lower,
  };
});
const verdicts = new Set(
  rows.slice(1).map(({ lower, upper }) => (upper <= GOAL ? 0 : lower > GOAL ? 1 : 2)),
);
report(
  "serve",
  rows.map(({ lower: _l, upper: _u, ...row }) => row),
  {
    timing: `${BLOCKS} blocks of two turns an arm, ${AT_ONCE} answers of ${TOKENS} tokens a turn; processor time; mean of the blocks' ratios, Student's t`,
    seconds: round(seconds),
    goalAddedPercent: GOAL,
  },
);
process.exitCode = verdicts.has(1) ? 1 : verdicts.has(2) ? 2 : 0;
console.log(
  ["below the goal of", "more than the goal of", "not told from the goal of"][process.exitCode],
  `${GOAL} %, in ${round(seconds)} s`,
);
