// Real false-alarm rates of every mark on every kind of unmarked text, with exact bounds:
//   node bench/quality/calibration.mjs [--own N] [--quick N] [--peers N] [--marks NAME,…] [--workers 2] [--json FILE] [--page FILE]
// --own, --quick and --peers: tests per kind of text, for our marks, for others' quick ones and for the rest. The first two are
// scored many keys at once, the rest a key at a time: its functions cost more than what keys could share. Counts are kept in
// .cache/calibration, block by block of keys; a run goes on where the last one ended, and the same arguments give the same
// files. --report: no counting, only the files from what was counted.
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { createKernel } from "@verdigris/core";
import { digestOf, falseAlarms, pooled } from "../../tests/calibration/false-alarms.ts";
import { calibrationPage } from "../../tests/calibration/page.ts";
import { folded, subjects, textKinds } from "../../tests/calibration/subjects.ts";

const ALPHAS = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6];
/** Others' marks that take at most 25 µs a test, measured where keys share what they can; the others take up to 600. */
const QUICK = new Set([
  "markllm-kgw",
  "sglang-dual-key",
  "sglang-gumbel",
  "textseal-green-list",
  "textseal-gumbel",
]);
/** Tests of each kind of text in a block, and how its keys are scored; of those scored together all get the same texts. */
const TOGETHER = { route: "together", block: 10_000, group: 2500, firstKey: 1e9 };
const ONE_BY_ONE = { route: "one by one", block: 2000, group: 1, firstKey: 0 };
const speedOf = ({ own, name }) => (own ? "own" : QUICK.has(name) ? "quick" : "peers");
const routeOf = (subject) => (speedOf(subject) === "peers" ? ONE_BY_ONE : TOGETHER);
/** Documents of each kind under one key. Without a context a key has only V coins: they would run out. */
const documentsOf = ({ h }) => (h === 0 ? 1 : 4);
const root = new URL("../../", import.meta.url);
const cache = new URL(".cache/calibration/", root);

if (isMainThread) await main();
else await work(workerData);

async function main() {
  const { values } = parseArgs({
    options: {
      own: { type: "string", default: "6400000" },
      quick: { type: "string", default: "320000" },
      peers: { type: "string", default: "34000" },
      marks: { type: "string" },
      workers: { type: "string", default: "1" },
      json: { type: "string", default: "bench/results/calibration.json" },
      page: { type: "string", default: "packages/docs/guide/calibration.md" },
      report: { type: "boolean", default: false },
    },
  });
  mkdirSync(cache, { recursive: true });
  const kinds = await textKinds();
  const all = subjects().map((subject) => {
    const digest = digestOf(subject, folded(kinds, subject.profile.V));
    return {
      ...subject,
      digest,
      file: new URL(`${digest}-${routeOf(subject).block}.jsonl`, cache),
    };
  });
  const wanted = all.filter(({ name }) => values.marks?.split(",").includes(name) ?? true);
  const testsOf = (subject) => Number(values[speedOf(subject)]);
  if (!values.report) await count(blocks(wanted, testsOf), Number(values.workers));
  const recorded = existsSync(new URL(values.json, root))
    ? JSON.parse(readFileSync(new URL(values.json, root), "utf8")).marks
    : [];
  const result = {
    command: "node bench/quality/calibration.mjs",
    alphas: ALPHAS,
    kinds: Object.fromEntries(Object.entries(kinds).map(([name, texts]) => [name, texts.length])),
    // A run over some marks says nothing of those that were never counted.
    marks: all.map((subject) => larger(rowOf(subject), recorded)).filter(({ keys }) => keys > 0),
  };
  writeFileSync(new URL(values.json, root), `${JSON.stringify(result, null, 2)}\n`);
  const page = calibrationPage(result);
  writeFileSync(new URL(values.page, root), page);
  console.log(page);
}

/** The row, or the recorded one if that counted the same for longer: a checkout without a cache keeps what it has. */
function larger(row, recorded) {
  const before = recorded.find(({ name, digest }) => name === row.name && digest === row.digest);
  return (before?.keys ?? 0) > row.keys ? { route: ONE_BY_ONE.route, ...before } : row;
}

/** Counts of a mark by block. */
function counted({ file }) {
  if (!existsSync(file)) return new Map();
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return new Map(lines.map((line) => JSON.parse(line)).map(({ block, alarms }) => [block, alarms]));
}

/** Blocks of keys that are still to count, evenly over marks: a run that is stopped has judged all of them alike. */
function blocks(marks, testsOf) {
  return marks
    .flatMap((subject) => {
      const done = counted(subject);
      const n = Math.ceil(testsOf(subject) / routeOf(subject).block);
      return Array.from({ length: n }, (_, block) => ({
        subject,
        block,
        at: (block + 1) / n,
      })).filter(({ block }) => !done.has(block));
    })
    .toSorted((a, b) => a.at - b.at);
}

async function count(todo, workers) {
  let next = 0;
  const start = performance.now();
  const run = () =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: {} });
      const give = () => {
        if (next >= todo.length) return void worker.postMessage(null, []);
        const { subject, block } = todo[next++];
        worker.postMessage({ name: subject.name, block }, []);
      };
      worker.on("message", (message) => {
        if (message !== "ready") {
          const { file } = todo.find(({ subject }) => subject.name === message.name).subject;
          const { block, alarms } = message;
          appendFileSync(file, `${JSON.stringify({ block, alarms })}\n`);
          if (next % 50 === 0) progress(next, todo.length, start);
        }
        give();
      });
      worker.on("error", reject).on("exit", resolve);
    });
  await Promise.all(Array.from({ length: workers }, run));
}

function progress(done, total, start) {
  const minutes = (performance.now() - start) / 60_000;
  console.error(`${done} of ${total} blocks, ${minutes.toFixed(1)} minutes`);
}

/** A worker: counts the blocks it is told to. */
async function work() {
  const kinds = await textKinds();
  const kernel = createKernel();
  const marks = new Map(subjects().map((subject) => [subject.name, subject]));
  const texts = new Map();
  parentPort.on("message", (job) => {
    if (job === null) return void parentPort.close();
    const subject = marks.get(job.name);
    const { V } = subject.profile;
    const documents = documentsOf(subject.profile);
    if (!texts.has(V)) texts.set(V, folded(kinds, V));
    const { block, firstKey, group, route } = routeOf(subject);
    const keys = block / documents;
    const alarms = falseAlarms(subject, texts.get(V), {
      kernel,
      route,
      group,
      firstKey: firstKey + job.block * keys,
      keys,
      documents,
      alphas: ALPHAS,
    });
    parentPort.postMessage({ ...job, alarms }, []);
  });
  parentPort.postMessage("ready", []);
}

/** All counts of a mark. Blocks are taken from the first on, as far as there is no gap. */
function rowOf(subject) {
  const done = counted(subject);
  const alarms = [];
  for (let block = 0; done.has(block); block++) alarms.push(done.get(block));
  const kinds = Object.keys(alarms[0] ?? {});
  return {
    name: subject.name,
    scheme: subject.profile.scheme,
    own: subject.own,
    V: subject.profile.V,
    digest: subject.digest,
    route: routeOf(subject).route,
    keys: (alarms.length * routeOf(subject).block) / documentsOf(subject.profile),
    kinds: Object.fromEntries(kinds.map((kind) => [kind, pooled(alarms.map((a) => a[kind]))])),
  };
}
