// Text to tokens on one thread and on two, interleaved in one run: how much `score --workers` saves. Two threads need two
// idle cores to save anything; the processor time of the busier thread says what they would take there, whatever the load.
//   node bench/speed/score-workers.mjs [--copies N] [--json FILE]
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import { median, report, round } from "./timing.mjs";

const TURNS = 3;
const GOAL = 1.5;
const at = process.argv.indexOf("--copies");
/** Times the corpora are written down, 16.5 MB each: a second thread costs a second tokenizer first. */
const COPIES = at < 0 ? 2 : Number(process.argv[at + 1]);

const root = fileURLToPath(new URL("../..", import.meta.url));
const corpora = join(root, "fixtures/corpora");
const read = (name) => brotliDecompressSync(readFileSync(join(corpora, name))).toString("utf8");

/** Every recorded text once: the model's output without its tokens, and what people wrote. */
function texts() {
  const model = ["h1", "h2", "h4", "unmarked"].flatMap((name) =>
    read(`smollm2/${name}.jsonl.br`).trimEnd().split("\n"),
  );
  const human = ["sotu", "moby-dick"].flatMap((name) =>
    read(`human/${name}.txt.br`).split("\n\f\n"),
  );
  return [...model.map((line) => JSON.parse(line).text), ...human].filter(
    (text) => text.trim() !== "",
  );
}

const folder = mkdtempSync(join(tmpdir(), "verdigris-workers-"));
try {
  const file = join(folder, "corpora.jsonl");
  const content = texts()
    .map((text) => `${JSON.stringify({ text })}\n`)
    .join("")
    .repeat(COPIES);
  writeFileSync(file, content);
  const runs = { 1: [], 2: [] };
  for (let turn = 0; turn < TURNS; turn++) {
    for (const workers of [1, 2]) runs[workers].push(score(file, workers));
  }
  const verdicts = new Set(
    Object.values(runs)
      .flat()
      .map(({ verdict }) => verdict),
  );
  if (verdicts.size !== 1) throw new Error("the verdict depends on the number of threads");
  const megabytes = Buffer.byteLength(content) / 1e6;
  const rows = Object.entries(runs).map(([workers, all]) => ({
    workers: Number(workers),
    "MB/s": round(megabytes / median(all.map(({ seconds }) => seconds))),
    "best MB/s": round(megabytes / Math.min(...all.map(({ seconds }) => seconds))),
    "CPU s": round(median(all.map(({ cpuSeconds }) => cpuSeconds))),
    "busier thread, CPU s": round(median(all.map(busier))),
    "peak RSS, MiB": Math.round(Math.max(...all.map(({ peakMiB }) => peakMiB))),
  }));
  const ratios = runs[1].map(({ seconds }, i) => seconds / runs[2][i].seconds);
  const idle = runs[1].map((one, i) => busier(one) / busier(runs[2][i]));
  const notes = {
    megabytes: round(megabytes),
    goal: `${GOAL} times the throughput with two workers on two idle cores`,
    ratio: round(median(ratios)),
    ratioOfBusierThreads: round(median(idle)),
    ratios: ratios.map((ratio) => round(ratio)),
  };
  console.log(
    `two workers against one, median of ${ratios.length} pairs: ${notes.ratio} times the throughput; ` +
      `${notes.ratioOfBusierThreads} times by the processor time of the busier thread`,
  );
  report("score-workers", rows, notes);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Processor time of the thread that has more of it: what is not the main thread's is the other's. */
function busier({ cpuSeconds, mainSeconds }) {
  return Math.max(mainSeconds, cpuSeconds - mainSeconds);
}

function score(file, workers) {
  const command = [
    "score",
    file,
    "--workers",
    String(workers),
    "--decoys",
    "0",
    "--format",
    "json",
  ];
  const settings = [
    "--profile",
    join(corpora, "smollm2/profile-h2.json"),
    "--key-file",
    join(corpora, "test-key.txt"),
  ];
  const tokenizer = ["--tokenizer", join(root, "fixtures/models/smollm2/tokenizer.json")];
  const script = `
    process.argv = ["node", "verdigris", ...${JSON.stringify([...command, ...settings, ...tokenizer])}];
    const started = performance.now();
    await import(${JSON.stringify(join(root, "packages/cli/bin/verdigris.js"))});
    const usage = process.resourceUsage();
    const main = process.threadCpuUsage();
    const seconds = (performance.now() - started) / 1000;
    console.error(JSON.stringify({ seconds, peakMiB: usage.maxRSS / 1024, cpuSeconds: (usage.userCPUTime + usage.systemCPUTime) / 1e6, mainSeconds: (main.user + main.system) / 1e6 }));`;
  const { status, stdout, stderr } = spawnSync(process.execPath, [
    "--input-type=module",
    "-e",
    script,
  ]);
  if (!stderr.toString().includes("peakMiB")) throw new Error(`exit ${status}: ${stderr}`);
  return {
    ...JSON.parse(stderr.toString().trimEnd().split("\n").at(-1)),
    verdict: stdout.toString(),
  };
}
