// The README's survival curve, from the recorded corpus: node bench/quality/survival-curve.mjs
// Writes bench/results/survival.json (the report) and bench/results/survival-curve.svg.
import { writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  loadMaterial,
  parseExperiment,
  readJson,
  renderJson,
  renderText,
  runExperiment,
  survivalCurveSvg,
} from "@verdigris/survival";

const configPath = fileURLToPath(new URL("survival-curve.json", import.meta.url));
const results = new URL("../results/", import.meta.url);
const experiment = parseExperiment(await readJson(configPath));
const at = (file) => resolve(dirname(configPath), file);
const { manifest, human, humanTokensPerFile } = experiment.material;
const material = await loadMaterial(at(manifest), {
  files: human.map(at),
  tokensPerFile: humanTokensPerFile,
});
const report = await runExperiment(experiment, material, {
  onProgress: ({ done, total, label }) => console.error(`${done}/${total} ${label}`),
});
await writeFile(new URL("survival.json", results), renderJson(report));
await writeFile(new URL("survival-curve.svg", results), survivalCurveSvg(report));
console.log(renderText(report));
