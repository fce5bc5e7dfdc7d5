// SynthID's Bayesian ratio against the mean and the weighted mean of g-values, at one true false-alarm rate and at stated p.
//
//   node bench/quality/bayesian.mjs [--json FILE]        needs built packages (pnpm build)
//
// Texts of a count model of SmolLM2's recorded answers, marked under one key: half of them train the weights, half are
// tested. The null law of each score is that of recorded unmarked answers under other keys.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Key, bindScheme, createKernel, parseProfile } from "@verdigris/core";
import {
  Tally,
  bayesianTest,
  decoyKey,
  evidenceOf,
  gWords,
  trainBayesian,
} from "@verdigris/detector";
import { countTeacher, loadMaterial, randomStream } from "@verdigris/survival";
import { PLAIN_SAMPLING, generate } from "@verdigris/watermark";
import { report, round } from "../speed/timing.mjs";

const [TEXTS, LENGTH, DEPTH, TEMPERATURE, NULL_TEXTS] = [160, 36, 20, 0.7, 1000];
const at = (path) => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const files = [at("corpora/human/sotu.txt.br")];
const material = await loadMaterial(at("corpora/smollm2/manifest.json"), {
  files,
  tokensPerFile: 1000,
});
const kernel = createKernel();
const stored = parseProfile(JSON.parse(readFileSync(at("profiles/synthid-hf.json"), "utf8")));
const profile = {
  ...stored,
  V: material.vocabularySize,
  specialTokens: [],
  parameters: { ...stored.parameters, depth: DEPTH },
};
const weighted = { ...profile, parameters: { ...profile.parameters, statistic: "weighted-mean" } };
const key = Key.fromText("2b".repeat(32));
const teacher = countTeacher(material.unmarked.slice(0, 300), { vocabularySize: profile.V });
const scheme = bindScheme(profile, key, kernel);

const marked = [];
for (let i = 0; i < TEXTS; i++) {
  const prompt = material.unmarked[i].tokens.slice(0, 8);
  const options = {
    scheme,
    random: randomStream("bayesian", i),
    maxTokens: LENGTH,
    sampling: { ...PLAIN_SAMPLING, temperature: TEMPERATURE },
    repeatedContexts: "skip",
  };
  marked.push({ tokens: await generate(teacher, prompt, options), prompt });
}
const plain = material.unmarked
  .slice(300, 300 + TEXTS)
  .map(({ tokens }) => ({ tokens: tokens.slice(0, LENGTH) }));
const half = TEXTS / 2;
const example = (text, isMarked) => ({
  words: gWords(profile, key, { texts: [text], kernel }).words,
  marked: isMarked,
});
const examples = [
  ...marked.slice(0, half).map((text) => example(text, true)),
  ...plain.slice(0, half).map((text) => example(text, false)),
];
const { model, heldOutLoss, l2 } = trainBayesian(examples, {
  depth: DEPTH,
  random: randomStream("bayesian", "training"),
});

const sums = (of) => (text, under) => {
  const bound = bindScheme(of, under, kernel);
  const tally = new Tally(bound);
  tally.add(text);
  return evidenceOf(bound.law, tally.count()).log10P;
};
/** log10 of a p-value; its order is that of the score. */
const scores = {
  bayesian: (text, under) => {
    const { log10E } = bayesianTest(model, { profile, key: under }, [text], { decoys: 0, kernel });
    return -log10E;
  },
  "weighted mean": sums(weighted),
  mean: sums(profile),
};
const share = (values, most) =>
  round(values.filter((value) => value <= most).length / values.length);
const rows = Object.entries(scores).map(([score, log10P]) => {
  const found = marked.slice(half).map((text) => log10P(text, key));
  const none = Array.from({ length: NULL_TEXTS }, (_, i) =>
    log10P(plain[i % TEXTS], decoyKey(1000 + i)),
  );
  const least = none.toSorted((a, b) => a - b)[Math.floor(NULL_TEXTS / 100) - 1];
  return {
    score,
    medianLog10P: round(found.toSorted((a, b) => a - b)[half / 2]),
    foundAtTrueRate1Percent: share(found, least),
    foundAtP01: share(found, -2),
    foundAtP001: share(found, -3),
    falseAlarmsAtP01: share(none, -2),
  };
});
report("quality/bayesian", rows, {
  texts: TEXTS,
  length: LENGTH,
  depth: DEPTH,
  temperature: TEMPERATURE,
  heldOutLoss,
  l2,
});
