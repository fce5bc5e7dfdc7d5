// `verdigris score - --input jsonl` on generated records: peak memory and throughput at several sizes.
//   node bench/speed/score-stream.mjs [--gigabytes 0.1,1] [--kind tokens|text] [--per-document] [--json FILE]
// The records come through a pipe from another process; "tokens" have their ids recorded, "text" is tokenised.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { report, round } from "./timing.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const corpora = `${root}fixtures/corpora`;

/** Scores about `bytes` of records in a process of its own. */
export async function scoreStream(bytes, kind, extra = []) {
  const settings = [
    "--profile",
    `${corpora}/smollm2/profile-h2.json`,
    "--key-file",
    `${corpora}/test-key.txt`,
  ];
  const tokenizer = ["--tokenizer", `${root}fixtures/models/smollm2/tokenizer.json`];
  const args = [
    "score",
    "-",
    "--input",
    "jsonl",
    "--format",
    "jsonl",
    "--decoys",
    "0",
    ...settings,
    ...(kind === "text" ? tokenizer : []),
    ...extra,
  ];
  const script = `
    process.argv = ["node", "verdigris", ...${JSON.stringify(args)}];
    const started = performance.now();
    await import(${JSON.stringify(`${root}packages/cli/bin/verdigris.js`)});
    const usage = process.resourceUsage();
    const seconds = (performance.now() - started) / 1000;
    console.error(JSON.stringify({ peakMiB: usage.maxRSS / 1024, seconds, cpuSeconds: (usage.userCPUTime + usage.systemCPUTime) / 1e6 }));`;
  const scorer = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const generator = spawn(
    process.execPath,
    [`${root}bench/speed/record-stream.mjs`, bytes / 1e6, kind],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  generator.stdout.pipe(scorer.stdin);
  let [pooled, errors] = ["", ""];
  // Only the last line is kept: there may be millions before it.
  scorer.stdout.setEncoding("utf8").on("data", (text) => (pooled = (pooled + text).slice(-65536)));
  scorer.stderr.setEncoding("utf8").on("data", (text) => (errors = (errors + text).slice(-65536)));
  await once(scorer, "close");
  const { tokens, n, unscored, warnings } = JSON.parse(pooled.trimEnd().split("\n").at(-1));
  return {
    ...JSON.parse(errors.trimEnd().split("\n").at(-1)),
    tokens,
    n,
    repeated: unscored.repeated,
    warnings,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const option = (name, otherwise) => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? otherwise : process.argv[at + 1];
  };
  const sizes = option("gigabytes", "0.1,1").split(",").map(Number);
  const kind = option("kind", "tokens");
  const extra = process.argv.includes("--per-document") ? ["--per-document"] : [];
  const rows = [];
  for (const size of sizes) {
    const run = await scoreStream(size * 1e9, kind, extra);
    const row = {
      GB: size,
      records: kind,
      "peak RSS, MiB": Math.round(run.peakMiB),
      "MB/s": round((size * 1e3) / run.seconds),
      "tokens/s": Math.round(run.tokens / run.seconds),
      "CPU s": round(run.cpuSeconds),
      tokens: run.tokens,
      "scored positions": run.n,
      exact: run.warnings.length === 0,
    };
    // A run may take an hour: what is known is told.
    console.log(JSON.stringify(row));
    rows.push(row);
  }
  const [first, last] = [rows[0], rows.at(-1)];
  const ratio = round(last["peak RSS, MiB"] / first["peak RSS, MiB"]);
  console.log(`${round(last.GB / first.GB)} times the input, ${ratio} times the peak memory`);
  report("score-stream", rows, { options: extra, memoryRatio: ratio });
}
