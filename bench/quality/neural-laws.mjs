// The laws of the neural student (survival-science, L11 to L13) over keys, with a count model as teacher:
//   node bench/quality/neural-laws.mjs [--keys=5] [--vocabulary=512] [--tokens=60000] [--contexts=4000]
// tests/calibration/neural-laws.test.ts asserts the same at 20,000 tokens. About six minutes of one core.
import { capacity, collapse, distillation } from "../../tests/calibration/neural-laws.ts";
import { World } from "../../tests/calibration/neural-world.ts";
import { option, writeResult } from "./lab.mjs";

const keys = option("keys", 5);
const size = {
  vocabularySize: option("vocabulary", 512),
  tokens: option("tokens", 60_000),
  contexts: option("contexts", 4000),
};
const world = await World.of(size);
const show = ({ mean, error }) => `${mean.toFixed(4)} ± ${error.toFixed(4)}`;

const L11 = await distillation(world, keys);
const ratio = L11.probabilities.mean / L11.tokens.mean;
console.log(
  `L11, h = 1: tokens ${show(L11.tokens)}, probabilities ${show(L11.probabilities)}, ratio ${ratio.toFixed(2)}`,
);
const L12 = await capacity(world, keys, [1, 2, 3]);
for (const { h, small, roomy } of L12) {
  console.log(`L12, h = ${h}: small student ${show(small)}, count student ${show(roomy)}`);
}
const L13 = await collapse(world, keys, 4000);
for (const { mark, taught, perToken, tokens, distinct, z } of L13) {
  console.log(
    `L13, ${mark}: windows per taught token ${show(taught)}, d per token ${show(perToken)}, ` +
      `${Math.round(distinct.mean)} distinct coins of ${tokens}, z ${show(z)}`,
  );
}
writeResult("neural-laws", {
  name: "neural-laws",
  keys,
  ...size,
  L11: { ...L11, ratio },
  L12,
  L13,
});
