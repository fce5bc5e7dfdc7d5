// Text to tokens on one thread and on two, interleaved in one run: how much `score --workers` saves.
//   node bench/speed/score-workers.mjs [--json FILE]
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import { median, report, round } from "./timing.mjs";

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
    .join("");
  writeFileSync(file, content);
  const runs = { 1: [], 2: [] };
  for (let turn = 0; turn < 3; turn++) {
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
    "peak RSS, MiB": Math.round(Math.max(...all.map(({ peakMiB }) => peakMiB))),
  }));
  const ratios = runs[1].map(({ seconds }, i) => seconds / runs[2][i].seconds);
  const notes = {
    megabytes: round(megabytes),
    ratio: round(median(ratios)),
    ratios: ratios.map((ratio) => round(ratio)),
  };
  console.log(
    `two workers against one, median of ${ratios.length} pairs: ${notes.ratio} times the throughput`,
  );
  report("score-workers", rows, notes);
} finally {
  rmSync(folder, { recursive: true, force: true });
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
    const seconds = (performance.now() - started) / 1000;
    console.error(JSON.stringify({ seconds, peakMiB: usage.maxRSS / 1024, cpuSeconds: (usage.userCPUTime + usage.systemCPUTime) / 1e6 }));`;
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
