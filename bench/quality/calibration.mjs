// Real false-alarm rates of every mark on every kind of unmarked text, with exact bounds:
//   node bench/quality/calibration.mjs [--own N] [--peers N] [--marks NAME,…] [--workers 2] [--json FILE] [--page FILE]
// --own and --peers: tests per kind of text, for our marks and for others'. Counts are kept in .cache/calibration, block
// by block of keys; a run goes on where the last one ended, and the same arguments give the same files. --report: no
// counting, only the files from what was counted. The defaults take about half an hour of one core.
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { createKernel } from "@verdigris/core";
import { digestOf, falseAlarms, pooled } from "../../tests/calibration/false-alarms.ts";
import { calibrationPage } from "../../tests/calibration/page.ts";
import { folded, subjects, textKinds } from "../../tests/calibration/subjects.ts";

const ALPHAS = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6];
/** Tests of each kind of text in a block. */
const BLOCK = 2000;
/** Documents of each kind under one key. Without a context a key has only V coins: they would run out. */
const documentsOf = ({ h }) => (h === 0 ? 1 : 4);
const root = new URL("../../", import.meta.url);
const cache = new URL(".cache/calibration/", root);

if (isMainThread) await main();
else await work(workerData);

async function main() {
  const { values } = parseArgs({
    options: {
      own: { type: "string", default: "330000" },
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
    return { ...subject, digest, file: new URL(`${digest}-${BLOCK}.jsonl`, cache) };
  });
  const wanted = all.filter(({ name }) => values.marks?.split(",").includes(name) ?? true);
  const testsOf = ({ own }) => Number(own ? values.own : values.peers);
  if (!values.report) await count(blocks(wanted, testsOf), Number(values.workers));
  const recorded = existsSync(new URL(values.json, root))
    ? JSON.parse(readFileSync(new URL(values.json, root), "utf8")).marks
    : [];
  const result = {
    command: "node bench/quality/calibration.mjs",
    alphas: ALPHAS,
    kinds: Object.fromEntries(Object.entries(kinds).map(([name, texts]) => [name, texts.length])),
    marks: all.map((subject) => larger(rowOf(subject), recorded)),
  };
  writeFileSync(new URL(values.json, root), `${JSON.stringify(result, null, 2)}\n`);
  const page = calibrationPage(result);
  writeFileSync(new URL(values.page, root), page);
  console.log(page);
}

/** The row, or the recorded one if that counted the same for longer: a checkout without a cache keeps what it has. */
function larger(row, recorded) {
  const before = recorded.find(({ name, digest }) => name === row.name && digest === row.digest);
  return (before?.keys ?? 0) > row.keys ? before : row;
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
      const n = Math.ceil(testsOf(subject) / BLOCK);
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
    const alarms = falseAlarms(subject, texts.get(V), {
      kernel,
      firstKey: (job.block * BLOCK) / documents,
      keys: BLOCK / documents,
      documents,
      alphas: ALPHAS,
      leastZ: 2,
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
    keys: (alarms.length * BLOCK) / documentsOf(subject.profile),
    kinds: Object.fromEntries(kinds.map((kind) => [kind, pooled(alarms.map((a) => a[kind]))])),
  };
}
