// Leverage weights: plain, filtered and weighted z of closed audits of count students, h = 1, 2, 4, from the recorded corpus.
//
//   node bench/quality/weights.mjs [--json FILE]        needs built packages (pnpm build)
//
// The sketch holds everything the provider served with the mark; the thief's student saw a part of it. The predicted
// ratio is that of weights n/(n + κ) to equal ones if the excess is as the survival law says (statistics.md 13, 14).
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { bindScheme, createKernel } from "@verdigris/core";
import {
  ServingSketch,
  closedTest,
  leverageWeights,
  servedFilter,
  weightedClosedTest,
} from "@verdigris/detector";
import {
  apprentice,
  auditContexts,
  loadMaterial,
  mixCorpus,
  parseExperiment,
  randomStream,
  readJson,
} from "@verdigris/survival";
import { report, round } from "../speed/timing.mjs";

const configPath = fileURLToPath(new URL("survival-curve.json", import.meta.url));
const experiment = parseExperiment(await readJson(configPath));
const at = (file) => resolve(dirname(configPath), file);
const { manifest, human, humanTokensPerFile } = experiment.material;
const material = await loadMaterial(at(manifest), {
  files: human.map(at),
  tokensPerFile: humanTokensPerFile,
});

const SEEDS = 5;
const AUDIT = 20_000;
const INERTIA = 20;
const kernel = createKernel();
const student = { kind: "count", order: 5, inertia: INERTIA };
const half = material.unmarked.length / 2;
const [filler, heldOut] = [material.unmarked.slice(0, half), material.unmarked.slice(half)];

/** z of one student under each way of weighting, and the gain that the law predicts. */
async function audit(arm, setting, seed) {
  const { rho, tokens } = setting;
  const scheme = bindScheme(arm.profile, arm.key, kernel);
  const stream = (name) => randomStream("weights", arm.profile.id, rho, seed, name);
  const corpus = mixCorpus(
    { marked: arm.texts, unmarked: filler },
    { rho, tokens, random: stream("corpus") },
  );
  const trained = await apprentice(student, material).train(corpus, stream("student"));
  const options = {
    h: scheme.h,
    count: AUDIT,
    random: stream("contexts"),
    served: 0,
    log: arm.texts,
  };
  const contexts = auditContexts(heldOut, options);
  const draws = { contexts, tokens: await trained.draw(contexts, stream("draws")) };
  const sketch = new ServingSketch({ h: scheme.h, salt: new Uint8Array(32).fill(1) }, kernel);
  for (const text of arm.texts) sketch.add(text.tokens);
  const taken = corpus.texts.reduce(
    (sum, text, i) => sum + (corpus.marked[i] ? text.tokens.length : 0),
    0,
  );
  // The student holds a share of the log, so κ examples in it are κ/share in the log.
  const share = taken / arm.texts.reduce((sum, text) => sum + text.tokens.length, 0);
  const z = (weighting) => weightedClosedTest(scheme, draws, weighting).zScore;
  return {
    plain: closedTest(scheme, draws).zScore,
    filter: z(servedFilter(sketch)),
    weighted: z(leverageWeights(sketch, INERTIA)),
    "weighted, share known": z(leverageWeights(sketch, INERTIA / share)),
    predicted: predictedGain(contexts, sketch, INERTIA / share),
    n: contexts.length,
  };
}

/** √(N Σ λ²) / Σ λ: gain of optimal weights over equal ones (Neyman and Pearson, local alternatives). */
function predictedGain(contexts, sketch, inertia) {
  let [sum, squares] = [0, 0];
  for (const context of contexts) {
    const [n] = sketch.counts(Uint32Array.of(...context, 0), context.length);
    sum += n / (n + inertia);
    squares += (n / (n + inertia)) ** 2;
  }
  return Math.sqrt(contexts.length * squares) / sum;
}

const rows = [];
for (const setting of [
  { rho: 1, tokens: 200_000 },
  { rho: 0.3, tokens: 150_000 },
  { rho: 0.1, tokens: 150_000 },
  { rho: 0, tokens: 100_000 },
]) {
  for (const arm of material.arms) {
    const runs = [];
    for (let seed = 1; seed <= SEEDS; seed++) runs.push(await audit(arm, setting, seed));
    const mean = (name) => runs.reduce((sum, run) => sum + run[name], 0) / SEEDS;
    const [plain, weighted, known] = [
      mean("plain"),
      mean("weighted"),
      mean("weighted, share known"),
    ];
    const row = { rho: setting.rho, h: arm.profile.h, "audited contexts": runs[0].n };
    for (const name of ["plain", "filter", "weighted", "weighted, share known"])
      row[`z ${name}`] = round(mean(name));
    // Below 1 the plain z is noise (its standard error over the students is about 0.4), and a ratio to it nothing.
    const ratio = (z) => (setting.rho > 0 && plain >= 1 ? round(z / plain) : null);
    row["weighted / plain"] = ratio(weighted);
    row["share known / plain"] = ratio(known);
    row["predicted"] = setting.rho > 0 ? round(mean("predicted")) : null;
    rows.push(row);
  }
}
report("weights", rows, {
  corpus: "fixtures/corpora/smollm2, count students of order 5",
  inertia: INERTIA,
  seeds: `means over ${SEEDS} students and draws, one key`,
});
