// Scores the recorded answers of every student of the T3 study; needs no PyTorch.
//   node bench/t3/score.mjs        prints the tables, writes bench/results/t3.json
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { arch, cpus } from "node:os";
import { bindScheme, createKernel, moments } from "@verdigris/core";
import {
  SoftMassProcess,
  Tally,
  clopperPearson,
  closedDecoys,
  closedTest,
  decoyKey,
  decoyTest,
  evidenceOf,
  holm,
  openTest,
  requiredTokens,
} from "@verdigris/detector";
import { directoryStore } from "@verdigris/survival";
import { profileOf, testKey } from "../../fixtures/corpora/arms.mjs";
import {
  ARMS,
  PACKED,
  PROTOCOL,
  TOKENIZER,
  at,
  corpusOf,
  marksOf,
  readPlain,
  shortsOf,
} from "./arms.mjs";
import { questions, rowsOf } from "./questions.mjs";

const DECOYS = 999;
const SOFT_DECOYS = 199;
const { alpha } = PROTOCOL.decisions;
const kernel = createKernel();
const forecasts = JSON.parse(readFileSync(at("bench/t3/forecast.json"), "utf8"));
const { read, free } = await questions();
const textsOf = new Map(read.map(({ set, texts }) => [set, texts]));
const schemeOf = (h) => bindScheme(profileOf(h, TOKENIZER), testKey(), kernel);

const students = ["untrained", ...ARMS.map(({ name }) => name)].filter((arm) =>
  existsSync(PACKED(arm)),
);
// Scores of the same answers are kept; a changed file or forecast is scored again.
const store = directoryStore(at(".cache/t3/scores"));
const results = [];
for (const arm of students) {
  const inputs = [
    digest(`fixtures/t3/${arm}.json.br`),
    digest("bench/t3/forecast.json"),
    digest("bench/t3/score.mjs"),
  ];
  results.push(await store.resolve(inputs, async () => scored(arm)));
}
const report = {
  version: 1,
  machine: { cpu: cpus()[0].model, arch: arch(), node: process.version },
  protocolSha256: digest("bench/t3/protocol.json"),
  forecastSha256: digest("bench/t3/forecast.json"),
  corpora: Object.fromEntries(ARMS.map(({ name }) => [name, corpusDigest(name)])),
  gain: { prior: forecasts.gain, interval: forecasts.gainInterval, fitted: fittedGains() },
  teacher: ARMS.filter(({ h }) => h !== null).map(teacher),
  students: results,
  decisions: decisions(),
};
writeFileSync(at("bench/results/t3.json"), `${JSON.stringify(report, null, 1)}\n`);
print();

/** Everything about one student. */
function scored(arm) {
  const packed = JSON.parse(readPlain(PACKED(arm).pathname));
  const audits = Object.keys(packed.sets).flatMap((set) =>
    set === "held-out" ? [] : marksOf(arm, set).flatMap((h) => auditSet(packed, set, h)),
  );
  const freely = marksOf(arm, "free").map((h) => auditFree(packed, h));
  const losses = Object.fromEntries(
    Object.entries(packed.sets).map(([set, { loss }]) => [set, loss]),
  );
  return { arm, training: packed.student, losses, audits: [...audits, ...freely] };
}

function auditSet(packed, set, h) {
  const texts = textsOf.get(set);
  const { best, drawn, top, mass } = packed.sets[set];
  const scheme = schemeOf(h);
  const places = eligible(texts, h);
  const common = { set, h, arm: packed.arm };
  const closed = [
    ["best", shortsOf(best)],
    ["drawn", shortsOf(drawn)],
  ].map(([test, tokens]) => {
    const draws = {
      contexts: places.map(({ context }) => context),
      tokens: Uint32Array.from(places, ({ index }) => tokens[index]),
    };
    const evidence = closedTest(scheme, draws);
    const options = { keys: DECOYS, statistic: evidence, kernel };
    return withForecast({
      ...common,
      test,
      ...coinEvidence(scheme, evidence),
      decoys: closedDecoys(scheme.profile, draws, options),
    });
  });
  return [
    ...closed,
    withForecast({ ...common, test: "soft", ...soft(scheme, texts, { top, mass }) }),
  ];
}

/** Positions that count, and where they stand in the recorded answers. */
function eligible(texts, h) {
  const out = [];
  let offset = 0;
  for (const { tokens, from } of texts) {
    const inSight = new Set();
    for (let position = from + h; position < tokens.length; position++) {
      const context = tokens.slice(position - h, position);
      const window = context.join(" ");
      if (!inSight.has(window))
        out.push({ context: Uint32Array.from(context), index: offset + position - from });
      inSight.add(window);
    }
    offset += tokens.length - from;
  }
  return out;
}

function soft(scheme, texts, { top, mass }) {
  const { mean } = moments(scheme.law);
  const masses = Array.from(shortsOf(mass[`h${scheme.h}`]), (value) => value / 65_535);
  const process = new SoftMassProcess(mean, { alpha });
  for (const one of masses) process.push(one);
  const { n, sum, maxLog10E } = process.state();
  const effect = sum / n - mean;
  const variance = masses.reduce((all, one) => all + (one - mean - effect) ** 2, 0) / (n - 1);
  const error = Math.sqrt(variance / n);
  const [ids, p] = [shortsOf(top.ids), shortsOf(top.p)];
  const predictions = rowsOf(texts).map(([text, position], row) => ({
    context: Uint32Array.from(texts[text].tokens.slice(position - scheme.h, position)),
    ids: Uint32Array.from(ids.subarray(row * top.k, (row + 1) * top.k)),
    p: Float64Array.from(p.subarray(row * top.k, (row + 1) * top.k), (one) => one / 65_535),
  }));
  const own = openTest(scheme, predictions);
  const others = Array.from({ length: SOFT_DECOYS }, (_, i) =>
    openTest(bindScheme(scheme.profile, decoyKey(i), kernel), predictions),
  );
  return {
    n,
    effect,
    interval: [effect - 1.96 * error, effect + 1.96 * error],
    z: effect / error,
    log10P: Math.min(0, -maxLog10E),
    requiredTokens: null,
    decoys: {
      keys: SOFT_DECOYS,
      p: (1 + others.filter(({ zScore }) => zScore >= own.zScore).length) / (SOFT_DECOYS + 1),
      ...spread(others.map(({ zScore }) => zScore)),
    },
  };
}

function spread(z) {
  const meanZ = z.reduce((sum, one) => sum + one, 0) / z.length;
  const varianceInflation = z.reduce((sum, one) => sum + (one - meanZ) ** 2, 0) / (z.length - 1);
  return { meanZ, varianceInflation };
}

function auditFree(packed, h) {
  const scheme = schemeOf(h);
  const pieces = freeAnswers(packed.free).map((tokens, i) => ({
    tokens,
    prompt: Uint32Array.from(free[i]),
  }));
  const tally = new Tally(scheme);
  for (const piece of pieces) tally.add(piece);
  const count = tally.count();
  const evidence = evidenceOf(scheme.law, count);
  return withForecast({
    arm: packed.arm,
    set: "free",
    h,
    test: "free",
    tokens: count.tokens,
    ...coinEvidence(scheme, evidence),
    decoys: decoyTest(scheme.profile, pieces, { keys: DECOYS, statistic: evidence, kernel }),
  });
}

function freeAnswers(base64) {
  const answers = [[]];
  for (const token of shortsOf(base64)) {
    if (token === 0) answers.push([]);
    else answers.at(-1).push(token);
  }
  return answers.slice(0, -1).map((answer) => Uint32Array.from(answer));
}

function coinEvidence(scheme, { n, sum, effect, zScore: z, log10P }) {
  const { mean } = moments(scheme.law);
  const { lower, upper } = clopperPearson(sum, n, 0.95);
  const plan = { epsilon: effect, gamma: mean, alpha: 1e-5, power: 0.9 };
  return {
    n,
    effect,
    interval: [lower - mean, upper - mean],
    z,
    log10P,
    requiredTokens: effect > 0 ? requiredTokens(plan) : null,
  };
}

/** What the law said of this audit; nothing of the most likely token, and no mark for a control. */
function withForecast(audit) {
  const sets = forecasts.arms[audit.arm];
  if (sets === undefined || audit.test === "best") return { ...audit, forecast: null };
  const name = audit.test === "free" ? "unmarked" : audit.set;
  const { epsilon, interval, linear } = sets.find(({ set }) => set === name);
  const holds = audit.interval[0] <= interval[1] && audit.interval[1] >= interval[0];
  return { ...audit, forecast: { epsilon, interval, gainOne: linear.epsilon, holds } };
}

/** The gain each arm would have had: measured effect over what the law says with gain 1. */
function fittedGains() {
  return results.flatMap(({ audits }) =>
    audits
      .filter(({ forecast }) => forecast !== null)
      .map(({ arm, set, test, effect, interval, forecast: { gainOne } }) => ({
        arm,
        set,
        test,
        gain: effect / gainOne,
        interval: interval.map((end) => end / gainOne),
      })),
  );
}

function teacher({ name, h }) {
  const scheme = schemeOf(h);
  const tally = new Tally(scheme);
  for (const { tokens } of corpusOf(name).texts) tally.add({ tokens });
  const { n, effect, zScore, log10P } = evidenceOf(scheme.law, tally.count());
  return { arm: name, h, n, effect, z: zScore, log10P };
}

/** The protocol's rules: survival by access, and controls. */
function decisions() {
  const marked = results.filter(({ arm }) => forecasts.arms[arm] !== undefined);
  const accessOf = ({ test }) => (test === "best" || test === "soft" ? "open" : "closed");
  const survival = marked.flatMap(({ arm, audits }) =>
    ["open", "closed"].map((access) => {
      const own = audits.filter((audit) => accessOf(audit) === access);
      const adjusted = holm(own.map(({ log10P }) => log10P));
      const found = own.filter((_, i) => adjusted[i] <= Math.log10(alpha));
      return {
        arm,
        access,
        survives: found.length > 0,
        by: found.map(({ set, test }) => `${test} ${set}`),
      };
    }),
  );
  const controls = results
    .filter(({ arm }) => forecasts.arms[arm] === undefined)
    .flatMap(({ audits }) => audits);
  const adjusted = holm(controls.map(({ log10P }) => log10P));
  const judged = marked.flatMap(({ audits }) => audits.filter(({ forecast }) => forecast !== null));
  return {
    alpha,
    survival,
    controls: {
      tests: controls.length,
      smallestLog10P: Math.min(0, ...controls.map(({ log10P }) => log10P)),
      failed: controls.filter((_, i) => adjusted[i] < Math.log10(alpha)).length,
    },
    forecasts: {
      judged: judged.length,
      held: judged.filter(({ forecast }) => forecast.holds).length,
    },
  };
}

function digest(path) {
  return createHash("sha256")
    .update(readFileSync(at(path)))
    .digest("hex");
}

function corpusDigest(name) {
  const hash = createHash("sha256");
  for (const { tokens } of corpusOf(name).texts) hash.update(`${tokens.join(" ")}\n`);
  return hash.digest("hex");
}

function print() {
  const signed = (value) => `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(4)}`;
  for (const { arm, losses, audits } of results) {
    const shown = Object.entries(losses).map(([set, loss]) => `${set} ${loss.toFixed(3)}`);
    console.log(`\n${arm}: loss ${shown.join(", ")}`);
    for (const { h, set, test, n, effect, interval, z, log10P, decoys, forecast } of audits)
      console.log(
        `  h${h} ${test.padEnd(5)} ${set.padEnd(9)} n ${String(n).padStart(5)}  ${signed(effect)} [${interval.map(signed).join(", ")}]  z ${z.toFixed(2).padStart(6)}  log10 p ${log10P.toFixed(1).padStart(6)}  decoy p ${decoys.p.toFixed(3)} VIF ${decoys.varianceInflation.toFixed(2)}${forecast === null ? "" : `  law ${signed(forecast.epsilon)} [${forecast.interval.map(signed).join(", ")}] ${forecast.holds ? "holds" : "MISSES"}`}`,
      );
  }
  console.log(`\n${JSON.stringify(report.decisions, null, 1)}`);
}
