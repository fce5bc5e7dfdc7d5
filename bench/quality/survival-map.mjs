// The survival map: runs the study of survival-map.json and survival-map-neural.json, which were fixed before they ran, and
// writes packages/docs/guide/survival-map.md with its figures, and bench/results/survival-map.json.
//   node bench/quality/survival-map.mjs [--workers 2] [--report]     an hour of two cores; resumes
// --report: no study, only the page and the figures from the committed results. The T3 section comes from
// bench/results/t3.json (bench/t3). Needs built packages.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadMaterial, parseStudy, readJson, runStudy } from "@verdigris/survival";
import { mapFiles } from "./survival-map/files.mjs";
import { summaryJson, summaryOf } from "./survival-map/summary.mjs";

const { values } = parseArgs({
  options: {
    workers: { type: "string", default: "2" },
    report: { type: "boolean", default: false },
  },
});
const root = new URL("../../", import.meta.url);
const results = (name) => new URL(`bench/results/${name}.json`, root);

if (!values.report) {
  const summaries = [];
  for (const name of ["survival-map", "survival-map-neural", "survival-map-fitted"])
    summaries.push(await study(name));
  writeFileSync(results("survival-map"), summaryJson(summaries));
}
const read = (name) => JSON.parse(readFileSync(results(name), "utf8"));
for (const [path, text] of Object.entries(mapFiles(read("survival-map"), read("t3"))))
  writeFileSync(new URL(path, root), text);

/** Runs a study, or takes what is stored of it. */
async function study(name) {
  const path = fileURLToPath(new URL(`${name}.json`, import.meta.url));
  const config = parseStudy(await readJson(path));
  const at = (file) => resolve(dirname(path), file);
  const { manifest, human, humanTokensPerFile } = config.material;
  const material = await loadMaterial(at(manifest), {
    files: human.map(at),
    tokensPerFile: humanTokensPerFile,
  });
  const report = await runStudy(config, material, {
    directory: fileURLToPath(new URL(`.cache/${name}/cache`, root)),
    workers: Number(values.workers),
    onProgress: ({ done, total, label }) => console.error(`${name}: ${done}/${total} ${label}`),
    onCorrupt: (entry) => console.error(`${entry} is not what was written there`),
  });
  return summaryOf(config, report);
}
