// What the detection endpoint answers in a second on one core, for texts of about 500 tokens; goal: 200 requests.
//
//   node bench/speed/detection-endpoint.mjs [--json FILE]        needs built packages (pnpm build)
//
// The handler is called in process: what a server adds is the server's. Requests of each kind take turns, and processor
// time is counted, all threads together: another's load on the machine does not enter.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Key, parseProfile } from "@verdigris/core";
import { createDetectionHandler } from "@verdigris/gateway/detection";
import { readTokenizer } from "@verdigris/text";
import { median, report, round } from "./timing.mjs";

const TOKENS = 500;
const BLOCKS = 31;
const WARM_UP = 5;
const BLOCK = 10;
const GOAL = 200;

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path) => readFileSync(`${root}${path}`, "utf8");
const profile = parseProfile(JSON.parse(read("fixtures/corpora/smollm2/profile-h1.json")));
const tokenizer = await readTokenizer(
  `${root}fixtures/models/smollm2/tokenizer.json`,
  profile.tokenizer.id,
);
const key = Key.fromText(read("fixtures/corpora/test-key.txt"));
const handlerOf = (decoys) =>
  createDetectionHandler({
    marks: [{ profile, key, tokenizer }],
    clients: [{ name: "bench", apiKeySha256: createHash("sha256").update("k").digest("hex") }],
    rateLimit: { burst: 1e9, perMinute: 1e9 },
    now: () => 0,
    decoys,
  });

const all = tokenizer.encode(read("fixtures/corpora/samples/human.txt"));
const parts = Array.from({ length: Math.floor(all.length / TOKENS) }, (_, i) =>
  all.subarray(i * TOKENS, (i + 1) * TOKENS),
);
const texts = parts.map((part) => ({ text: tokenizer.decode(part) }));
const ids = parts.map((part) => ({ tokens: [...part] }));
const [withDecoys, without] = [handlerOf("auto"), handlerOf(0)];
const kinds = {
  "text, decoy keys": { handle: withDecoys, bodies: texts },
  "token ids, decoy keys": { handle: withDecoys, bodies: ids },
  "text, no decoys": { handle: without, bodies: texts },
};

async function ask(handle, body) {
  const headers = { authorization: "Bearer k" };
  const init = { method: "POST", headers, body: JSON.stringify(body) };
  const response = await handle(new Request("http://detect/v1/detect", init));
  const { results } = await response.json();
  if (results[0].verdict !== "not-detected") throw new Error(`got ${results[0].verdict}`);
}

const milliseconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const times = Object.fromEntries(Object.keys(kinds).map((name) => [name, []]));
for (let turn = 0; turn < WARM_UP + BLOCKS; turn++) {
  for (const [name, { handle, bodies }] of Object.entries(kinds)) {
    const start = milliseconds();
    for (let i = 0; i < BLOCK; i++) await ask(handle, bodies[(turn * BLOCK + i) % bodies.length]);
    if (turn >= WARM_UP) times[name].push((milliseconds() - start) / BLOCK);
  }
}
const rows = Object.entries(times).map(([name, list]) => ({
  "500 tokens": name,
  "CPU ms a request": round(median(list)),
  "requests a CPU second": round(1000 / median(list)),
}));
report("detection-endpoint", rows, {
  timing: `median of ${BLOCKS} blocks of ${BLOCK} requests, one after another; the kinds take turns`,
  goalRequestsASecond: GOAL,
});
if (rows.some((row) => row["requests a CPU second"] < GOAL)) {
  console.log(`fewer than the goal of ${GOAL} requests a CPU second`);
  process.exitCode = 1;
}
