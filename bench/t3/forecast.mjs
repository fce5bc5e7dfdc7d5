// The survival law's forecast of every arm and set, made from the corpora alone and before any student is audited.
//   node bench/t3/forecast.mjs          writes bench/t3/forecast.json
import { writeFileSync } from "node:fs";
import { bindScheme } from "@verdigris/core";
import { forecast, mixCorpus, randomStream, teacherExcess } from "@verdigris/survival";
import { profileOf, testKey } from "../../fixtures/corpora/arms.mjs";
import manifest from "../../fixtures/corpora/smollm2/manifest.json" with { type: "json" };
import { ARMS, PROTOCOL, answersOf, at, corpusOf } from "./arms.mjs";
import { questions } from "./questions.mjs";
import { distinctWindows } from "./windows.mjs";

const { learner, pilot, spread, contexts: count } = PROTOCOL.forecast;
const tokenizer = { id: "smollm2", sha256: manifest.tokenizer.sha256 };

/** What the law with gain 1 expects per audited window of a set. */
function linear(h, corpus, contexts) {
  const scheme = bindScheme(profileOf(h, tokenizer), testKey());
  const excess = teacherExcess(scheme, corpus.texts);
  return forecast(scheme, corpus, { learner: { ...learner, gain: 1 }, contexts, excess });
}

const { read } = await questions();
const windowsOf = (set, h) =>
  distinctWindows(read.find((question) => question.set === set).texts, h).slice(0, count);

// The gain, from an earlier small run that is none of the arms: what it measured over what the law says of its corpus.
const pilotCorpus = mixCorpus(
  {
    marked: answersOf("h1").map(({ id, tokens }) => ({
      prompt: id,
      tokens: Uint32Array.from(tokens),
    })),
    unmarked: [],
  },
  { rho: 1, tokens: pilot.tokens, random: randomStream("t3 pilot") },
);
const expected = linear(1, pilotCorpus, windowsOf("unmarked", 1));
const epochs = (n) => 1 - Math.exp(-n / PROTOCOL.forecast.epochScale);
const gain =
  ((pilot.epsilon / expected.epsilon) * epochs(PROTOCOL.training.epochs)) / epochs(pilot.epochs);
const out = { gain, gainInterval: [gain / spread, gain * spread], pilot: expected, arms: {} };
for (const { name, h } of ARMS) {
  if (h === null) continue;
  const corpus = corpusOf(name);
  const sets = ["human", "unmarked", `served-${name}`].map((set) => {
    const contexts = windowsOf(set, h);
    const law = linear(h, corpus, contexts);
    const epsilon = law.epsilon * gain;
    const interval = [epsilon / spread, epsilon * spread];
    return { set, contexts: contexts.length, linear: law, epsilon, interval };
  });
  out.arms[name] = sets;
  for (const { set, epsilon, interval, linear: law } of sets)
    console.log(
      `${name} ${set}: ${epsilon.toFixed(4)} [${interval.map((x) => x.toFixed(4)).join(", ")}]  gain 1: ${law.epsilon.toFixed(4)}  Δ ${law.deltaT.toFixed(3)}  Λ ${law.markedLeverage.toFixed(3)}`,
    );
}
console.log(`gain ${gain.toFixed(3)} [${out.gainInterval.map((x) => x.toFixed(3)).join(", ")}]`);
writeFileSync(at("bench/t3/forecast.json"), `${JSON.stringify(out, null, 2)}\n`);
