// Fits the gain A of the survival law for the neural student of survival.json, on seeds the experiment does not use:
//   node bench/quality/neural-gain.mjs
// A = measured open excess / forecast with A = 1, and its spread over training runs.
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { loadMaterial, parseExperiment, readJson, runExperiment } from "@verdigris/survival";

const SEEDS = [101, 102, 103, 104, 105];
const configPath = fileURLToPath(new URL("survival.json", import.meta.url));
const at = (file) => resolve(dirname(configPath), file);
const config = await readJson(configPath);
const run = config.runs.find(({ student }) => student.kind === "neural");
const experiment = parseExperiment({
  ...config,
  runs: [{ ...run, student: { ...run.student, gain: 1 } }],
});
const { manifest, human, humanTokensPerFile } = experiment.material;
const material = await loadMaterial(at(manifest), {
  files: human.map(at),
  tokensPerFile: humanTokensPerFile,
});
const gains = [];
for (const seed of SEEDS) {
  const report = await runExperiment({ ...experiment, seed }, material);
  const cell = report.cells[report.cells.length - 1];
  const open = cell.open.evidence.effect;
  const closed = cell.closed.evidence.effect;
  gains.push(open / cell.forecast.epsilon);
  console.log(
    `seed ${seed}: forecast with A = 1 ${cell.forecast.epsilon.toFixed(4)}, open ${open.toFixed(4)}, closed ${closed.toFixed(4)}`,
  );
}
const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
const variance = gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0) / (gains.length - 1);
const error = Math.sqrt(variance / gains.length);
console.log(`A = ${mean.toFixed(3)} ± ${error.toFixed(3)} over ${gains.length} training runs`);
