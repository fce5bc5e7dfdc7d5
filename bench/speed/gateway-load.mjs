// What the gateway adds to an answer's way through a proxy, with many streams at once; and whether memory stays flat.
//
//   node bench/speed/gateway-load.mjs [--seconds N] [--memory-seconds N] [--json FILE]      needs built packages (pnpm build)
//
// A fake engine streams an answer; a Hono proxy stands before it, once plain (`hono/proxy`) and once with `honoWatermark`; autocannon sends.
// Engine, proxies and load each have a process of their own. The two proxies take turns; what is compared is the time to a whole
// answer: 200 streams at once, each begun when one ends. Goals: the mark's share ≤ 1 ms at the median and ≤ 5 ms at p99, no failed
// answer, no lost record, memory flat.
import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { serve } from "@hono/node-server";
import { vllmMark } from "@verdigris/gateway";
import { honoWatermark } from "@verdigris/gateway/hono";
import autocannon from "autocannon";
import { Hono } from "hono";
import { proxy } from "hono/proxy";
import { median, report, round } from "./timing.mjs";

const STREAMS = 200;
/** An answer of a small engine: tokens, and the time between two. At this pace the load leaves the proxy time to breathe. */
const TOKENS = 20;
const TOKEN_MS = 50;
const ROUNDS = 3;
const GOALS = { medianMs: 1, p99Ms: 5 };

const roles = { engine, proxy: proxyServer };
const [, , role, ...args] = process.argv;
if (role in roles) roles[role](...args);
else await main();

/** Streams TOKENS events, one every TOKEN_MS, in step with nobody. */
function engine() {
  const event = (content, finish_reason = null) => {
    const choices = [{ index: 0, delta: { content }, finish_reason }];
    return `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "toy", choices })}\n\n`;
  };
  const server = createServer(async (request, response) => {
    for await (const _ of request);
    response.writeHead(200, { "content-type": "text/event-stream" });
    let n = 0;
    const timer = setInterval(() => {
      if (++n < TOKENS) return void response.write(event(` token${n}`));
      clearInterval(timer);
      response.end(`${event("", "stop")}data: [DONE]\n\n`);
    }, TOKEN_MS);
    response.on("close", () => clearInterval(timer));
  });
  server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
}

/** A proxy; tells its memory and its records when asked. */
function proxyServer(enginePort, marked) {
  const app = new Hono();
  const records = { started: 0, complete: 0, other: 0 };
  const sink = {
    write: ({ kind, outcome }) => {
      if (kind === "started") records.started++;
      else if (outcome === "complete") records.complete++;
      else records.other++;
    },
  };
  const profile = { id: "bench", digest: "0".repeat(64) };
  const policy = { mark: vllmMark(), profile, keyId: "0".repeat(16), tenant: "bench" };
  let ids = 0;
  const newId = () => `r${++ids}`;
  if (marked === "true") {
    app.use(
      "/v1/*",
      honoWatermark({ policy, sink, failure: "closed", newId, now: () => Date.now() }),
    );
  }
  app.all("/v1/*", (c) => proxy(`http://127.0.0.1:${enginePort}${c.req.path}`, c.req));
  serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => process.send({ port }));
  process.on("message", () => {
    globalThis.gc();
    const { heapUsed, rss } = process.memoryUsage();
    process.send({ heapUsed, rss, records, cpu: process.cpuUsage() });
  });
}

async function start(...roleAndArgs) {
  const child = fork(fileURLToPath(import.meta.url), roleAndArgs.map(String), {
    execArgv: ["--expose-gc"],
  });
  const [{ port }] = await once(child, "message");
  const ask = async () => {
    child.send("state");
    return (await once(child, "message"))[0];
  };
  return { port, ask, kill: () => child.kill() };
}

function load(port, seconds) {
  const messages = [{ role: "user", content: "Tell a story." }];
  return autocannon({
    url: `http://127.0.0.1:${port}/v1/chat/completions`,
    connections: STREAMS,
    duration: seconds,
    timeout: 30,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "toy", stream: true, watermarking: false, messages }),
  });
}

async function main() {
  const option = (name, usual) => {
    const at = process.argv.indexOf(name);
    return at < 0 ? usual : Number(process.argv[at + 1]);
  };
  const seconds = option("--seconds", 8);
  const memorySeconds = option("--memory-seconds", 40);
  const upstream = await start("engine");
  const proxies = {
    plain: await start("proxy", upstream.port, false),
    marked: await start("proxy", upstream.port, true),
  };
  const runs = { plain: [], marked: [] };
  for (const { port } of Object.values(proxies)) await load(port, 2);
  for (let turn = 0; turn < ROUNDS; turn++) {
    const order = turn % 2 === 0 ? ["plain", "marked"] : ["marked", "plain"];
    for (const name of order) runs[name].push(await measured(proxies[name], seconds));
  }
  const memory = await memoryUnder(proxies.marked, memorySeconds);
  await settled();
  const { records } = await proxies.marked.ask();
  for (const one of [upstream, ...Object.values(proxies)]) one.kill();
  const added = (p) =>
    round(median(runs.marked.map((run, i) => run.latency[p] - runs.plain[i].latency[p])));
  const failed = [...runs.plain, ...runs.marked].reduce(
    (n, run) => n + run.errors + run.timeouts + run.non2xx,
    0,
  );
  const rows = Object.entries(runs).map(([name, all]) => ({
    proxy: name,
    answers: all.reduce((n, run) => n + run["2xx"], 0),
    "median, ms": median(all.map(({ latency }) => latency.p50)),
    "p99, ms": median(all.map(({ latency }) => latency.p99)),
    "proxy's CPU, us an event": round(median(all.map(({ eventUs }) => eventUs))),
  }));
  const result = {
    addedMedianMs: added("p50"),
    addedP99Ms: added("p99"),
    failed,
    // Streams that autocannon left at the end of a run are cut; none may be without an end.
    records: { ...records, withoutEnd: records.started - records.complete - records.other },
    memory,
    goals: GOALS,
  };
  report("gateway-load", rows, {
    timing: `${ROUNDS} turns of ${seconds} s, ${STREAMS} streams of ${TOKENS} events, ${TOKEN_MS} ms apart; medians of the turns' differences`,
    ...result,
  });
  console.log(JSON.stringify(result, null, 2));
  const isFine =
    result.addedMedianMs <= GOALS.medianMs &&
    result.addedP99Ms <= GOALS.p99Ms &&
    failed === 0 &&
    result.records.withoutEnd === 0 &&
    memory.growthMiBPer1000 < 1;
  if (!isFine) process.exitCode = 1;
}

/** A run, with the proxy's processor time for each event that passed: it can be compared on a busy machine, too. */
async function measured({ port, ask }, seconds) {
  const { cpu: before } = await ask();
  const run = await load(port, seconds);
  await settled();
  const { cpu: after } = await ask();
  const us = after.user + after.system - before.user - before.system;
  // Cut streams passed half their events, on average.
  return { ...run, eventUs: us / (TOKENS * (run["2xx"] + STREAMS / 2)) };
}

/** The heap after a collection, before and after each quarter of the load. */
async function memoryUnder({ port, ask }, seconds) {
  const heaps = [];
  const mib = async () => round((await ask()).heapUsed / 2 ** 20, 3);
  heaps.push(await mib());
  let answers = 0;
  for (let quarter = 0; quarter < 4; quarter++) {
    answers += (await load(port, seconds / 4))["2xx"];
    await settled();
    heaps.push(await mib());
  }
  // The first quarter fills caches; a leak goes on after it.
  const perThousand = (1000 * (heaps[4] - heaps[1])) / ((answers * 3) / 4);
  return { seconds, answers, heapMiB: heaps, growthMiBPer1000: round(perThousand) };
}

function settled() {
  return new Promise((resolve) => setTimeout(resolve, 500));
}
