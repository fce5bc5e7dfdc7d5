// Fits the gain A of the survival law for families of the neural student, over keys, with a count model as teacher:
//   node bench/quality/gain.mjs [--keys=6] [--vocabulary=512] [--tokens=20000] [--h=1]
// A = measured open excess / the law's with A = 1. The interval is Student's t over keys: each key is one corpus, one set
// of coins and one training run. About a minute and a half of one core.
import { fitGain } from "@verdigris/survival";
import { SMALL_STUDENT } from "../../tests/calibration/neural-laws.ts";
import { World } from "../../tests/calibration/neural-world.ts";
import { option, writeResult } from "./lab.mjs";

const FAMILIES = {
  "neural-scratch": {},
  "neural-pretrained": { pretrainingEpochs: 1 },
  "neural-probabilities": { targets: "probabilities" },
  "neural-adapters": { pretrainingEpochs: 1, adapterRank: 4 },
};
const keys = option("keys", 6);
const h = option("h", 1);
const size = {
  vocabularySize: option("vocabulary", 512),
  tokens: option("tokens", 20_000),
  contexts: 2000,
};
if (!(keys >= 5 && keys <= 10)) throw new RangeError(`keys: expected 5 to 10, got ${keys}`);
const world = await World.of(size);
const families = [];
const details = {};
for (const [name, settings] of Object.entries(FAMILIES)) {
  const student = { ...SMALL_STUDENT, ...settings };
  const rows = [];
  for (let key = 0; key < keys; key++) {
    const lesson = await world.lesson(key, { h, parameters: { gamma: 0.25, delta: 2 } });
    const { epsilon } = await world.kept(student, lesson);
    rows.push({ key, epsilon, expected: world.expected(student, lesson) });
  }
  details[name] = rows;
  const runs = rows.map(({ key, epsilon, expected }) => ({
    key,
    epsilon,
    forecast: { epsilon: expected, gain: 1 },
  }));
  const fitted = fitGain(runs);
  const gain = { ...fitted, lower: Math.max(0, fitted.lower) };
  families.push({
    name,
    gain,
    inertia: 20,
    order: SMALL_STUDENT.contextLength,
    source: `fitted: ${keys} keys, h = ${h}, ${size.tokens} tokens, V = ${size.vocabularySize} (bench/quality/gain.mjs)`,
  });
  const shown = Object.values(gain).map((value) => value.toFixed(3));
  console.log(`${name}: A = ${shown[0]} [${shown[1]}, ${shown[2]}]`);
}
writeResult("gain", { name: "gain", keys, h, ...size, student: SMALL_STUDENT, families, details });
