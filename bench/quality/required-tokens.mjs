// Does an audit of N* scored tokens decide with the power it was planned for? Plain and weighted closed audits of count
// students whose forecast came from a survey of the served text (as `verdigris forecast` makes it), over keys and draws.
//
//   node bench/quality/required-tokens.mjs [--keys=10] [--audits=60]        needs built packages (pnpm build)
//
// Writes bench/results/required-tokens.json and residuals.svg beside it: every cell of the law, forecast and measured.
import { writeFileSync } from "node:fs";
import { bindScheme } from "@verdigris/core";
import {
  ServingSketch,
  closedTest,
  decoyKey,
  leverageWeights,
  openTest,
  rejects,
  weightedClosedTest,
} from "@verdigris/detector";
import {
  STUDENT_FAMILIES,
  apprentice,
  auditContexts,
  countTeacher,
  randomStream,
  residualsSvg,
  surveyTraffic,
  survivabilityBudget,
  tokenCount,
  writeTexts,
} from "@verdigris/survival";
import { kernel, material, option, writeResult } from "./lab.mjs";

const KEYS = option("keys", 10);
const AUDITS = option("audits", 60);
const TOKENS = 40_000;
const RULE = { power: 0.9, rho: 1, tokens: [1000] };
const LEVELS = [1e-3, 1e-5];
const [FAMILY] = STUDENT_FAMILIES;

const source = material.unmarked.slice(0, 300);
const teacher = countTeacher(source, { vocabularySize: material.vocabularySize });
const lesson = { length: 120, prompts: source };
const heldOut = await writeTexts(teacher, {
  ...lesson,
  scheme: null,
  tokens: 60_000,
  random: randomStream("N* bench", "held out"),
});
const student = apprentice({ kind: "count", order: 5, inertia: 20 }, material);

/** One key at one width: the forecast, and the share of audits of N* tokens that decide. */
async function replicate(h, k) {
  const profile = {
    ...material.arms[0].profile,
    id: `n-star-h${h}`,
    h,
    parameters: { gamma: 0.25, delta: 2 },
  };
  const scheme = bindScheme(profile, decoyKey(40_000 + k), kernel);
  const stream = (...names) => randomStream("N* bench", h, k, ...names);
  const texts = await writeTexts(teacher, {
    ...lesson,
    scheme,
    tokens: TOKENS,
    random: stream("text"),
  });
  const each = async function* (all) {
    for (const { tokens } of all) yield tokens;
  };
  const survey = await surveyTraffic(
    { served: () => each(texts), audit: () => each(heldOut) },
    { scheme, shares: [1], order: FAMILY.order },
  );
  const corpus = { texts, marked: texts.map(() => true), tokenCount: tokenCount(texts), rho: 1 };
  const trained = await student.train(corpus, stream("train"));
  const sketch = new ServingSketch({ h, salt: new Uint8Array(32).fill(1) }, kernel);
  for (const { tokens } of texts) sketch.add(tokens);
  const weights = leverageWeights(sketch, FAMILY.inertia);
  const all = auditContexts(heldOut, {
    h,
    count: survey.size,
    random: stream("windows"),
    served: 0,
    log: [],
  });
  const open = openTest(scheme, await trained.predict(all.slice(0, 2500)));
  const tests = {
    plain: (draws) => closedTest(scheme, draws),
    leverage: (draws) => weightedClosedTest(scheme, draws, weights),
  };
  const cells = [];
  for (const alpha of LEVELS) {
    const [{ weightings }] = survivabilityBudget(survey, { ...RULE, alpha, families: [FAMILY] });
    for (const { weighting, requiredTokens, epsilon } of weightings) {
      if (tests[weighting] === undefined) continue;
      const n = requiredTokens.value;
      if (n > survey.size) {
        cells.push({ alpha, weighting, n, share: null, epsilon: epsilon.value });
        continue;
      }
      let hits = 0;
      for (let a = 0; a < AUDITS; a++) {
        const own = drawn(all, n, stream("audit", a, alpha));
        const draws = { contexts: own, tokens: await trained.draw(own, stream("draw", a, alpha)) };
        if (rejects(tests[weighting](draws).log10P, alpha)) hits++;
      }
      cells.push({ alpha, weighting, n, share: hits / AUDITS, epsilon: epsilon.value });
    }
  }
  const [{ epsilon }] = cells;
  return {
    cells,
    law: {
      group: `count h = ${h}`,
      forecast: epsilon,
      measured: open.effect,
      standardError: Math.abs(open.effect / open.zScore),
    },
  };
}

/** n of the contexts, none twice (Fisher and Yates). */
function drawn(all, n, random) {
  const pool = [...all];
  for (let i = 0; i < n; i++) {
    const j = i + Math.floor(random.next() * (pool.length - i));
    [pool[i], pool[j]] = [pool[j], pool[i]];
  }
  return pool.slice(0, n);
}

const [rows, law] = [[], []];
for (const h of [1, 2]) {
  const all = [];
  for (let k = 0; k < KEYS; k++) all.push(await replicate(h, k));
  law.push(...all.map((one) => one.law));
  for (const i of all[0].cells.keys()) {
    const cells = all.map((one) => one.cells[i]);
    const within = cells.filter(({ share }) => share !== null);
    const shares = within.map(({ share }) => share);
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    const variance =
      shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / (shares.length - 1);
    const error = Math.max(
      Math.sqrt(variance / shares.length),
      Math.sqrt(0.09 / (shares.length * AUDITS)),
    );
    const sizes = cells.map(({ n }) => n).toSorted((a, b) => a - b);
    rows.push({
      h,
      alpha: cells[0].alpha,
      weighting: cells[0].weighting,
      "N*, median": sizes[sizes.length >> 1],
      keys: shares.length,
      decided: shares.length === 0 ? null : Number(mean.toFixed(3)),
      "standard error": shares.length < 2 ? null : Number(error.toFixed(3)),
      holds: shares.length < 2 ? null : mean > 0.9 - 3 * error,
    });
  }
}
console.table(rows);
const misses = law.filter(
  (one) => Math.abs(one.measured - one.forecast) > 3 * one.standardError + 0.1 * one.forecast,
);
console.log(
  `law: ${law.length - misses.length} of ${law.length} cells within 3 standard errors + 10 %`,
);
writeResult("required-tokens", {
  power: RULE.power,
  keys: KEYS,
  audits: AUDITS,
  tokens: TOKENS,
  rows,
  law,
});
const label =
  "Residuals of the survival law: measured less forecast in standard errors, against the forecast";
writeFileSync(
  new URL("../results/residuals.svg", import.meta.url),
  residualsSvg(law, { id: "residuals", label }),
);
process.exitCode = rows.every(({ holds }) => holds !== false) ? 0 : 1;
