// How fast a study of count students runs: node bench/speed/study.mjs [--keys=5] [--workers=2] [--tokens=300000] [--parts=1] [--json FILE]
// The grid of study.json has 100 cells, controls included. One run is one cell under one key: its share of the teachers' texts, forecast, training, four audits, 99 decoy keys.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { loadMaterial, parseStudy, runShard, runStudy } from "@verdigris/survival";
import { report, round } from "./timing.mjs";

const option = (name, usual) => {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given === undefined ? usual : Number(given.split("=")[1]);
};
const path = fileURLToPath(new URL("study.json", import.meta.url));
const config = JSON.parse(readFileSync(path, "utf8"));
const [keys, workers, parts] = [option("keys", 5), option("workers", 2), option("parts", 1)];
config.keys = keys;
config.default.tokens = option("tokens", config.default.tokens);
const study = parseStudy(config);
const { manifest, human, humanTokensPerFile } = study.material;
const at = (file) => resolve(dirname(path), file);
const files = human.map(at);
const directory = mkdtempSync(join(tmpdir(), "verdigris-bench-"));

const [start, before] = [performance.now(), process.cpuUsage()];
const material = await loadMaterial(at(manifest), { files, tokensPerFile: humanTokensPerFile });
const place = { directory, workers };
// A part of the runs stands for all where a whole run would take too long.
const runs =
  parts === 1
    ? (await runStudy(study, material, place)).cells.reduce(
        (sum, cell) => sum + cell.runs.length,
        0,
      )
    : (await runShard(study, material, { ...place, shard: { index: 1, count: parts } })).runs
        .length;
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(before);
rmSync(directory, { recursive: true });

const cpu = (user + system) / 1e6;
report(
  "study",
  [
    {
      runs,
      "tokens a run": study.default.tokens,
      workers,
      "wall clock s": round(seconds),
      "cells/min": round((60 * runs) / seconds),
      "CPU s": round(cpu),
      "CPU s/run": round(cpu / runs),
      "peak RSS MiB": Math.round(process.resourceUsage().maxRSS / 1024),
    },
  ],
  { keys, parts },
);
