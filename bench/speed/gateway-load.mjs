// What the gateway adds to an answer on its way, with 200 streams at once; and whether memory stays flat.
//
//   node bench/speed/gateway-load.mjs [--turns N] [--seconds N] [--memory-seconds N] [--collected] [--json FILE]      needs built packages
//
// A fake engine streams answers. Three ways lead to it and take turns in one run: straight, through a plain proxy (`hono/proxy`), and through
// what `verdigris gateway` runs (`createUpstreamServer`: tenant, policy, mark, record). With `--collected` there is a fourth, the same with
// every answer tokenised and counted, as `gateway --collected` does. Engine, proxies and autocannon have a process of
// their own each, so that nobody's work is counted as another's, and the processor time of each is told by itself.
//
// What is measured is each answer's time on the way: the client's time for the whole answer less the engine's own, which the engine writes into
// its last event. Timers of the engine and its pace are gone from it; the straight way has only the client, the sockets and the machine's load,
// and what the gateway adds is the difference to it, turn by turn. Goals, with 200 streams: ≤ 1 ms at the median and ≤ 5 ms at p99, no
// failed answer, no lost record, memory flat. After the load comes a time of faults: of five answers the engine resets one, refuses one,
// breaks one off in the middle of a character and ends one without its last event. Whatever came of them, each record must have both its
// ends, and no key, prompt or answer may be in what the gateway records, tells its operator or prints. On a busy machine every figure but the processor time says more about the machine.
import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { format } from "node:util";
import { serve } from "@hono/node-server";
import { Key } from "@verdigris/core";
import { testProfile } from "@verdigris/core/testing";
import { vllmMark } from "@verdigris/gateway";
import { nodeFetch, pouring } from "@verdigris/gateway/node";
import { createUpstreamServer, fixedTenants } from "@verdigris/gateway/serve";
import autocannon from "autocannon";
import { Hono } from "hono";
import { proxy } from "hono/proxy";
import { countedIn, countingIn, profile } from "./collected.mjs";
import { median, report, round } from "./timing.mjs";

const STREAMS = 200;
/** An answer of a small engine: tokens, and the time between two. At this pace the load leaves the proxy time to breathe. */
const TOKENS = 20;
const TOKEN_MS = 50;
const GOALS = { medianMs: 1, p99Ms: 5 };
/** What nobody may find in records, in what the operator is told, or in what is printed. */
const [API_KEY, PROMPT, ANSWER] = ["sk-bench-secret", "Tell a secret story.", "secret answer"];
const KEY = new Uint8Array(32).fill(0xa7);
const SECRETS = [API_KEY, PROMPT, ANSWER, Buffer.from(KEY).toString("hex")];
/** Name of a model that goes wrong. */
const FAULTY = "faulty";
/** The name of the way that counts; the folder where it does is its last argument. */
const COLLECTED = "gateway, collected";
const WAYS = ["straight", "plain proxy", "gateway"];
if (process.argv.includes("--collected")) WAYS.push(COLLECTED);

const roles = { engine, proxy: proxyServer, load: loadGenerator };
const [, , role, ...args] = process.argv;
if (role in roles) roles[role](...args);
else await main();

/** Streams TOKENS events, one every TOKEN_MS, in step with nobody; each says how long the answer has taken so far. */
function engine() {
  let [asked, faults] = [0, 0];
  const server = createServer(async (request, response) => {
    const from = performance.now();
    let body = "";
    for await (const piece of request) body += piece;
    if (body.includes(FAULTY)) return fault(response, faults++);
    const event = (content, finish_reason = null) => {
      const choices = [{ index: 0, delta: { content }, finish_reason }];
      const taken = (performance.now() - from).toFixed(3);
      return `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "toy", choices, taken })}\n\n`;
    };
    response.writeHead(200, { "content-type": "text/event-stream" });
    let [n, timer] = [0, null];
    const next = () => {
      if (++n < TOKENS) return void response.write(event(` token${n}`));
      clearInterval(timer);
      response.end(`${event("", "stop")}data: [DONE]\n\n`);
    };
    // All streams of a run begin at once: the golden ratio spreads their first words evenly over an answer's time.
    const pause = ((asked++ * 0.618034) % 1) * TOKENS * TOKEN_MS;
    const begin = setTimeout(() => (timer = setInterval(next, TOKEN_MS)), pause);
    response.on("close", () => {
      clearTimeout(begin);
      clearInterval(timer);
    });
  });
  server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
  telling(() => ({}));
}

/** One way to go wrong after another, and every fifth time none. */
function fault(response, n) {
  if (n % 5 === 0) return void response.writeHead(500).end("{}");
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(`data: {"choices":[{"index":0,"delta":{"content":"${ANSWER}"}}]}\n\n`);
  const rest = {
    1: () => response.socket?.resetAndDestroy(),
    2: () =>
      response.end(Buffer.concat([Buffer.from('data: {"choices":"'), Buffer.of(0xf0, 0x9f)])),
    3: () => response.end(),
    4: () => response.end("data: [DONE]\n\n"),
  };
  setTimeout(rest[n % 5], 20);
}

/** A proxy; tells its memory and its records when asked. */
async function proxyServer(enginePort, way, directory) {
  const records = { started: 0, complete: 0, cut: 0, refused: 0, failed: 0, leaks: 0 };
  // The HTTP server prints every broken stream.
  console.error = (...shown) => seen(records, format(...shown));
  const upstream = `http://127.0.0.1:${enginePort}`;
  const plain = new Hono();
  plain.all("/v1/*", (c) => proxy(`${upstream}${c.req.path}`, c.req));
  const isCollected = way === COLLECTED;
  const passing = isCollected ? await countingIn(directory, (told) => seen(records, told)) : null;
  const fetch =
    way === "plain" ? plain.fetch : await pouring(await gateway(upstream, records, passing));
  serve({ fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => process.send({ port }));
  telling((asked) => {
    if (asked === "memory") globalThis.gc();
    const uncounted = passing?.lost() ?? 0;
    return { heapUsed: process.memoryUsage().heapUsed, records, uncounted };
  });
}

/** Counts what should not be in a text. */
function seen(records, text) {
  if (SECRETS.some((secret) => text.includes(secret))) records.leaks++;
}

async function gateway(upstream, records, passing) {
  const apiKeySha256 = createHash("sha256").update(API_KEY).digest("hex");
  const key = Key.fromBytes(KEY);
  const tenant = {
    name: "bench",
    profile: passing === null ? testProfile() : profile,
    digest: "0".repeat(64),
    key,
    apiKeySha256,
  };
  let ids = 0;
  return createUpstreamServer({
    upstream,
    fetch: await nodeFetch(),
    markOf: () => vllmMark(),
    resolveTenant: fixedTenants([tenant]),
    sink: {
      write: (entry) => {
        records[entry.kind === "started" ? "started" : entry.outcome]++;
        seen(records, JSON.stringify(entry));
      },
    },
    ...(passing === null ? {} : { onPassed: passing.onPassed }),
    failure: "closed",
    newId: () => `r${++ids}`,
    now: () => Date.now(),
    onError: (error) => seen(records, String(error?.stack ?? error)),
  });
}

/** Sends for a while when told to; tells each answer's time on the way. */
function loadGenerator() {
  process.send({ port: 0 });
  process.on("message", async ({ run }) => {
    if (run === undefined) return;
    const before = process.cpuUsage();
    const onTheWay = [];
    const {
      "2xx": answers,
      errors,
      timeouts,
      non2xx,
    } = await autocannon({
      url: `http://127.0.0.1:${run.port}/v1/chat/completions`,
      connections: STREAMS,
      duration: run.seconds,
      timeout: 30,
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${API_KEY}` },
      body: JSON.stringify({
        model: run.model ?? "toy",
        stream: true,
        watermarking: false,
        messages: [{ role: "user", content: PROMPT }],
      }),
      setupClient(client) {
        let [last, isFirst] = [0, true];
        client.on("body", (bytes) => {
          const taken = /"taken":"([\d.]+)"(?![^]*"taken")/.exec(bytes.toString("latin1"));
          if (taken !== null) last = Number(taken[1]);
        });
        client.on("response", (_status, _bytes, ms) => {
          // The first answers begin all at once, which is a crowd and not a load of 200 streams.
          if (!isFirst) onTheWay.push(ms - last);
          isFirst = false;
        });
      },
    });
    const { user, system } = process.cpuUsage(before);
    const sorted = onTheWay.toSorted((a, b) => a - b);
    const at = (q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
    const failed = errors + timeouts + non2xx;
    process.send({ answers, failed, p50: at(0.5), p99: at(0.99), cpu: user + system });
  });
}

function telling(state) {
  process.on("message", (asked) => {
    const { user, system } = process.cpuUsage();
    process.send({ ...state(asked), cpu: user + system });
  });
}

async function start(...roleAndArgs) {
  const child = fork(fileURLToPath(import.meta.url), roleAndArgs.map(String), {
    execArgv: ["--expose-gc"],
  });
  const [{ port }] = await once(child, "message");
  const ask = async (message = "state") => {
    child.send(message);
    return (await once(child, "message"))[0];
  };
  return { port, ask, kill: () => child.kill() };
}

async function main() {
  const option = (name, usual) => {
    const at = process.argv.indexOf(name);
    return at < 0 ? usual : Number(process.argv[at + 1]);
  };
  const [turns, seconds] = [option("--turns", 5), option("--seconds", 8)];
  const upstream = await start("engine");
  const sender = await start("load");
  const ways = {
    straight: upstream,
    "plain proxy": await start("proxy", upstream.port, "plain"),
    gateway: await start("proxy", upstream.port, "gateway"),
  };
  const directory = mkdtempSync(join(tmpdir(), "gateway-load-"));
  if (WAYS.includes(COLLECTED)) {
    ways[COLLECTED] = await start("proxy", upstream.port, COLLECTED, directory);
  }
  const context = { upstream, sender, ways };
  const runs = WAYS.map(() => []);
  for (const name of WAYS) await turn(context, name, 2);
  for (let n = 0; n < turns; n++) {
    // Who comes first changes, so that a slow spell of the machine meets all.
    for (let i = 0; i < WAYS.length; i++) {
      const which = (i + n) % WAYS.length;
      runs[which].push(await turn(context, WAYS[which], seconds));
    }
  }
  const memory = await memoryUnder(context, option("--memory-seconds", 40));
  await settled();
  const records = totals((await ways.gateway.ask()).records);
  await sender.ask({ run: { port: ways.gateway.port, seconds: 3, model: FAULTY } });
  await settled();
  const all = totals((await ways.gateway.ask()).records);
  const faults = Object.fromEntries(
    Object.entries(all).map(([name, n]) => [name, n - records[name]]),
  );
  const uncounted = (await ways[COLLECTED]?.ask())?.uncounted;
  for (const one of [sender, ...Object.values(ways)]) one.kill();
  // What was not written yet went with the process.
  const counted = uncounted === undefined ? null : { ...(await countedIn(directory)), uncounted };
  rmSync(directory, { recursive: true });
  conclude({ runs, records, faults, memory, counted, timing: { turns, seconds } });
}

/** One way's turn: times on the way, and the processor time that everybody took for an answer. */
async function turn({ upstream, sender, ways }, name, seconds) {
  const way = ways[name];
  const cpu = async () => [await upstream.ask(), await way.ask()].map((one) => one.cpu);
  const before = await cpu();
  const run = await sender.ask({ run: { port: way.port, seconds } });
  await settled();
  const [engineUs, wayUs] = (await cpu()).map((one, i) => one - before[i]);
  // Cut streams passed half their events, on average.
  const answers = run.answers + STREAMS / 2;
  return {
    ...run,
    wayUs: name === "straight" ? 0 : wayUs / answers,
    engineUs: engineUs / answers,
    sendUs: run.cpu / answers,
    sendShare: run.cpu / 1e6 / seconds,
  };
}

function conclude({ runs, records, faults, memory, counted, timing }) {
  const [straight, plain, marked, collected] = runs;
  const added = (from, to, p) => round(median(to.map((run, i) => run[p] - from[i][p])));
  const of = (all, field) => round(median(all.map((run) => run[field])));
  const rows = WAYS.map((way, i) => ({
    way,
    answers: runs[i].reduce((n, { answers }) => n + answers, 0),
    "on the way, median ms": of(runs[i], "p50"),
    "p99 ms": of(runs[i], "p99"),
    "its CPU, us an answer": of(runs[i], "wayUs"),
    "engine's CPU": of(runs[i], "engineUs"),
    "sender's CPU": of(runs[i], "sendUs"),
  }));
  const failed = runs.flat().reduce((n, run) => n + run.failed, 0);
  const result = {
    addedMedianMs: added(straight, marked, "p50"),
    addedP99Ms: added(straight, marked, "p99"),
    ofWhichAPlainProxy: {
      medianMs: added(straight, plain, "p50"),
      p99Ms: added(straight, plain, "p99"),
    },
    ...(counted === null
      ? {}
      : {
          collected: {
            addedMedianMs: added(straight, collected, "p50"),
            addedP99Ms: added(straight, collected, "p99"),
            counted,
          },
        }),
    // Near 1 the sender itself is too slow to see the rest.
    senderBusy: of(runs.flat(), "sendShare"),
    failed,
    // Streams that autocannon left at the end of a run are cut; none may be without an end.
    records,
    faults,
    memory,
    goals: GOALS,
  };
  report("gateway-load", rows, {
    timing: `${timing.turns} turns of ${timing.seconds} s a way, ${STREAMS} streams of ${TOKENS} events, ${TOKEN_MS} ms apart; an answer's time less the engine's own; medians of the turns' differences to the straight way`,
    ...result,
  });
  console.log(JSON.stringify(result, null, 2));
  const isFine =
    result.addedMedianMs <= GOALS.medianMs &&
    result.addedP99Ms <= GOALS.p99Ms &&
    failed === 0 &&
    (counted === null || (counted.marked > 0 && counted.uncounted === 0)) &&
    [records, faults].every(({ withoutEnd, leaks }) => withoutEnd === 0 && leaks === 0) &&
    memory.growthMiBPer1000 < 1;
  if (!isFine) process.exitCode = 1;
}

/** Records by outcome, and those without one. */
function totals(records) {
  const { started, complete, cut, refused, failed } = records;
  return { ...records, withoutEnd: started - complete - cut - refused - failed };
}

/** The gateway's heap after a collection, before and after each quarter of the load. */
async function memoryUnder({ sender, ways: { gateway: one } }, seconds) {
  const heaps = [];
  const mib = async () => round((await one.ask("memory")).heapUsed / 2 ** 20, 3);
  heaps.push(await mib());
  let answers = 0;
  for (let quarter = 0; quarter < 4; quarter++) {
    answers += (await sender.ask({ run: { port: one.port, seconds: seconds / 4 } })).answers;
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
