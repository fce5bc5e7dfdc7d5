// Power against length, entropy and edit rate; the shortest detectable text of each mark; and rivals' statistics on the very
// same texts, each at its true false-positive rate.
//   node bench/quality/power.mjs [--keys=N] [--texts=N] [--part=NAME]
// Writes bench/results/power.json and packages/docs/guide/power.md; the same bytes each time. Minutes; with
// --part one part only is measured, and kept in .cache/power for the whole.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { bindScheme, coinsOf } from "@verdigris/core";
import { binomialLog10P, decoyKey } from "@verdigris/detector";
import {
  ContextIndex,
  CountModel,
  randomStream,
  tokenAttacks,
  uniformModel,
} from "@verdigris/survival";
import {
  countArms,
  kernel,
  material,
  option,
  recordedArms,
  scored,
  scoredWith,
  table,
  textsOf,
  tokenizer,
  writeGuide,
  writeResult,
} from "./lab.mjs";

const TEXTS = option("texts", 200);
/** Texts free of the mark: the same unmarked answers under so many keys. */
const KEYS = option("keys", 30);
const NULL_TEXTS = 200;
const ALPHA = 1e-3;
const LENGTHS = [25, 50, 100, 200];
const GRID = [15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 160, 200, 240, 320, 400];
const EDITS = [0, 0.05, 0.1, 0.2, 0.3, 0.4];

const recorded = recordedArms();
const share = (hits, all) => Number((hits / all).toFixed(4));
/** Marks in the text of a count model. */
const counted = (names) => countArms(TEXTS * 120, 120, names);

/** The rivals: larger is more marked. `fresh` marks first occurrences of an n-gram or of a context. */
const RIVALS = {
  "z, every token": ({ greens }) => z(sumOf(greens), greens.length),
  "z, distinct n-grams": ({ greens, freshGram }) => z(...distinct(greens, freshGram)),
  WinMax: ({ greens, freshGram }) => winMax(greens.filter((_, i) => freshGram[i])),
  "first of a context": ({ greens, freshContext }) => -exact(...distinct(greens, freshContext)),
  "TextSeal mid-p": ({ greens }) => -midP(sumOf(greens.subarray(1)), greens.length - 1),
};
const COUNTED = ["green self h=3", "Gumbel h=2"];
const OURS = "ours, distinct coins";
const GAMMA = 0.25;
const layouts = new WeakMap();
let entropies = null;

/** What is measured, each part by itself. */
const PARTS = {
  ...Object.fromEntries(recorded.map((arm) => [`versus-h${arm.profile.h}`, () => versusOf(arm)])),
  "versus-self": async () => versusOf((await counted(COUNTED.slice(0, 1)))[0]),
  curves: () => recorded.map(curveOf),
  "curves-counted": async () => (await counted(COUNTED)).map(curveOf),
  entropy: () => recorded.map(byEntropy),
  edits: () => recorded.map(byEdits),
};
const cache = new URL("../../.cache/power/", import.meta.url);
mkdirSync(cache, { recursive: true });
const only = process.argv.find((argument) => argument.startsWith("--part="))?.split("=")[1];
const measured = {};
for (const part of Object.keys(PARTS).filter((name) => only === undefined || name === only)) {
  measured[part] = await resumed(part);
  console.log(part, JSON.stringify(measured[part]));
}
if (only === undefined) {
  const result = {
    command: "node bench/quality/power.mjs",
    alpha: ALPHA,
    texts: TEXTS,
    nullTests: NULL_TEXTS * KEYS,
    versus: Object.keys(PARTS)
      .filter((part) => part.startsWith("versus"))
      .flatMap((part) => measured[part]),
    curves: [...measured.curves, ...measured["curves-counted"]],
    entropy: measured.entropy,
    edits: measured.edits,
  };
  writeResult("power", result);
  writeGuide("power", page(result));
}

/** A part as it was measured before with these settings, or now. */
async function resumed(part) {
  const file = new URL(`${part}-${TEXTS}-${KEYS}.json`, cache);
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(await PARTS[part]()));
  return JSON.parse(readFileSync(file, "utf8"));
}

function versusOf(arm) {
  return LENGTHS.map((length) => compare(arm, length));
}

function curveOf(arm) {
  const [at1e3, at1e6] = [1e-3, 1e-6].map((alpha) => detectable(arm, alpha));
  return { mark: arm.name, teacher: arm.teacher, at1e3, at1e6 };
}

/**
 * Our verdict and the statistics on the same texts. The verdict rejects at p ≤ α; each statistic, our own exact p among
 * them, at what it exceeds in α of null texts.
 */
function compare({ profile, key, name, teacher, pieces }, length) {
  const marked = textsOf(pieces, length, TEXTS);
  const nulls = textsOf(
    material.unmarked.map(({ tokens }) => tokens),
    length,
    NULL_TEXTS,
  );
  const names = [OURS, ...Object.keys(RIVALS)];
  const values = (scheme, text) => {
    const seen = view(scheme, text);
    return [
      -scoredWith(scheme, text).log10P,
      ...Object.values(RIVALS).map((statistic) => statistic(seen)),
    ];
  };
  const under = [];
  for (let k = 0; k < KEYS; k++) {
    const scheme = bindScheme(profile, decoyKey(k), kernel);
    for (const text of nulls) under.push(values(scheme, text));
  }
  const scheme = bindScheme(profile, key, kernel);
  const found = marked.map((text) => values(scheme, text));
  const calibrated = names.map((statistic, i) => {
    const critical = under.map((all) => all[i]).sort((a, b) => b - a)[
      Math.floor(ALPHA * under.length)
    ];
    return [statistic, share(found.filter((all) => all[i] > critical).length, found.length)];
  });
  const rejects = ([log]) => log >= -Math.log10(ALPHA);
  return {
    mark: name,
    teacher,
    tokens: length,
    texts: marked.length,
    verdict: share(found.filter(rejects).length, found.length),
    verdictFalsePositives: share(under.filter(rejects).length, under.length),
    atTrueRate: Object.fromEntries(calibrated),
  };
}

/** A text as the rivals see it: greenness of every token with a full context, and which n-grams and contexts are new. */
function view(scheme, pieces) {
  const { length, freshGram, freshContext } = layoutOf(pieces, scheme.h);
  const greens = new Uint8Array(length);
  let at = 0;
  for (const tokens of pieces) {
    if (tokens.length <= scheme.h) continue;
    const { score } = coinsOf(scheme, tokens);
    greens.set(score, at);
    at += score.length;
  }
  return { greens, freshGram, freshContext };
}

/** The key-independent part of a view, kept per text. */
function layoutOf(pieces, h) {
  const known = layouts.get(pieces);
  if (known?.h === h) return known;
  const [freshGram, freshContext] = [[], []];
  const [grams, contexts] = [new Set(), new Set()];
  for (const tokens of pieces) {
    for (let i = 0; i + h < tokens.length; i++) {
      const context = tokens.subarray(i, i + h).join();
      const gram = `${context},${tokens[i + h]}`;
      freshGram.push(!grams.has(gram));
      freshContext.push(!contexts.has(context));
      grams.add(gram);
      contexts.add(context);
    }
  }
  const layout = { h, length: freshGram.length, freshGram, freshContext };
  layouts.set(pieces, layout);
  return layout;
}

function sumOf(flags) {
  return flags.reduce((sum, flag) => sum + flag, 0);
}

function distinct(greens, fresh) {
  const kept = greens.filter((_, i) => fresh[i]);
  return [sumOf(kept), kept.length];
}

function z(green, n) {
  return n === 0 ? 0 : (green - GAMMA * n) / Math.sqrt(n * GAMMA * (1 - GAMMA));
}

function exact(green, n) {
  return n === 0 ? 0 : binomialLog10P(green, n, GAMMA);
}

function midP(green, n) {
  if (n <= 0) return 0;
  const above = green >= n ? 0 : 10 ** binomialLog10P(green + 1, n, GAMMA);
  return Math.log10((10 ** binomialLog10P(green, n, GAMMA) + above) / 2);
}

/** lm-watermarking's WinMax: the largest z of any window. */
function winMax(flags) {
  const sums = new Int32Array(flags.length + 1);
  for (let i = 0; i < flags.length; i++) sums[i + 1] = sums[i] + flags[i];
  let best = -Infinity;
  for (let length = 1; length < flags.length;) {
    let most = 0;
    for (let i = length; i < sums.length; i++) most = Math.max(most, sums[i] - sums[i - length]);
    best = Math.max(best, z(most, length));
    do {
      most++;
      length++;
    } while (length < flags.length && z(most, length) <= best);
  }
  return best;
}

/** Power at each length of the grid, and the length with power .9 by interpolation; null beyond the grid. */
function detectable(arm, alpha) {
  const power = GRID.map((length) => {
    const texts = textsOf(arm.pieces, length, TEXTS);
    if (texts.length < 50) return null;
    const hits = texts.filter(
      (pieces) => scored(arm.profile, arm.key, pieces).log10P <= Math.log10(alpha),
    );
    return share(hits.length, texts.length);
  });
  const at = power.findIndex((value) => value !== null && value >= 0.9);
  if (at < 0) return { grid: GRID, power, shortest: null };
  if (at === 0) return { grid: GRID, power, shortest: GRID[0] };
  const part = (0.9 - power[at - 1]) / (power[at] - power[at - 1]);
  const shortest = Math.round(GRID[at - 1] * (GRID[at] / GRID[at - 1]) ** part);
  return { grid: GRID, power, shortest };
}

/** Power on 100 tokens by thirds of the texts' mean entropy, under a count model of the unmarked answers. */
function byEntropy(arm) {
  const texts = textsOf(arm.pieces, 100, 240);
  const model = entropyModel();
  const all = texts.map((pieces) => {
    const each = pieces.flatMap((tokens) =>
      [...tokens].slice(1).map((_, i) => model(tokens.subarray(Math.max(0, i - 1), i + 1))),
    );
    const { log10P, effect } = scored(arm.profile, arm.key, pieces);
    return {
      nats: each.reduce((sum, value) => sum + value, 0) / each.length,
      log10P,
      effect,
    };
  });
  all.sort((a, b) => a.nats - b.nats);
  const third = Math.floor(all.length / 3);
  const strata = [0, 1, 2].map((i) => all.slice(i * third, (i + 1) * third));
  const mean = (texts_, field) =>
    Number((texts_.reduce((sum, one) => sum + one[field], 0) / texts_.length).toFixed(3));
  return {
    mark: arm.name,
    strata: strata.map((some) => ({
      nats: mean(some, "nats"),
      excess: mean(some, "effect"),
      powerAt1e3: share(some.filter(({ log10P }) => log10P <= -3).length, some.length),
      powerAt1e6: share(some.filter(({ log10P }) => log10P <= -6).length, some.length),
    })),
  };
}

/** Entropy of the next token after up to two tokens, nats. */
function entropyModel() {
  if (entropies !== null) return entropies;
  const index = new ContextIndex(
    material.unmarked.map(({ tokens }) => tokens),
    {
      order: 2,
      vocabularySize: material.vocabularySize,
    },
  );
  const base = uniformModel(material.vocabularySize);
  const model = new CountModel(index, { inertia: 3, shortest: 1, base });
  const mass = new Float64Array(material.vocabularySize);
  const known = new Map();
  entropies = (context) => {
    const name = context.join();
    const before = known.get(name);
    if (before !== undefined) return before;
    const ids = model.addMasses(context, mass);
    const total = ids.reduce((sum, id) => sum + mass[id], 0);
    let nats = 0;
    for (const id of ids) {
      nats -= (mass[id] / total) * Math.log(mass[id] / total);
      mass[id] = 0;
    }
    known.set(name, nats);
    return nats;
  };
  return entropies;
}

/** Power on 200 tokens when a share of them is substituted. */
function byEdits(arm) {
  const texts = textsOf(arm.pieces, 200, TEXTS);
  const power = EDITS.map((strength) => {
    const random = randomStream("power edits", arm.name, strength);
    const hits = texts.filter((pieces) => {
      const edited = pieces.map((tokens) =>
        tokenAttacks[0].apply(tokens, { strength, random, V: tokenizer.vocabularySize, first: 17 }),
      );
      return scored(arm.profile, arm.key, edited).log10P <= Math.log10(ALPHA);
    });
    return share(hits.length, texts.length);
  });
  return { mark: arm.name, rates: EDITS, power };
}

function page({ versus, curves, entropy, edits }) {
  const names = [OURS, ...Object.keys(RIVALS)];
  const two = (value) => value.toFixed(2);
  const shortest = (value) => (value === null ? "more than 400" : String(value));
  const rivalRows = versus.map(({ mark, tokens, verdict, verdictFalsePositives, atTrueRate }) => [
    mark,
    tokens,
    two(verdict),
    verdictFalsePositives.toFixed(4),
    ...names.map((name) => two(atTrueRate[name])),
  ]);
  return `# Power

Generated by \`node bench/quality/power.mjs\`; the same command gives the same page. Texts are disjoint runs of recorded answers
of SmolLM2-135M (temperature 1, δ = 2, γ = ¼), or of a count model of its unmarked answers where no answers were recorded with
the mark. Power is the share of at most ${TEXTS} texts whose exact p is at most α; one standard error is at most .04.

## The shortest detectable text

Tokens for 90 % power:

${table(
  ["mark", "teacher", "α = 1e-3", "α = 1e-6"],
  curves.map(({ mark, teacher, at1e3, at1e6 }) => [
    mark,
    teacher,
    shortest(at1e3.shortest),
    shortest(at1e6.shortest),
  ]),
)}

Count models write with another entropy than SmolLM2: compare marks within one teacher.

## Against length

α = 1e-3:

${table(
  ["mark", ...LENGTHS.map((length) => `${length} tokens`)],
  curves.map(({ mark, at1e3 }) => [
    mark,
    ...LENGTHS.map((length) => at1e3.power[GRID.indexOf(length)]).map((value) =>
      value === null ? "" : two(value),
    ),
  ]),
)}

## Against entropy

100 tokens, in thirds by the mean entropy of the next token under a count model of order 2 of the unmarked answers. The
recorded answers hold no logits, so this is an estimate that does not know the teacher's own certainty.

${table(
  ["mark", "third", "nats", "excess", "power at 1e-3", "power at 1e-6"],
  entropy.flatMap(({ mark, strata }) =>
    strata.map(({ nats, excess, powerAt1e3, powerAt1e6 }, i) => [
      mark,
      ["low", "middle", "high"][i],
      two(nats),
      two(excess),
      two(powerAt1e3),
      two(powerAt1e6),
    ]),
  ),
)}

## Against edits

200 tokens, a share of them substituted by random ones, α = 1e-3:

${table(
  ["mark", ...EDITS.map((rate) => `${Math.round(100 * rate)} %`)],
  edits.map(({ mark, power }) => [mark, ...power.map(two)]),
)}

More attacks: [robustness.md](robustness.md).

## Beside the rivals' statistics

The same texts. "Verdict" is ours, uncalibrated, at p ≤ ${ALPHA}, with its measured rate of false positives: below α, as a
count of green tokens has few values. The other columns stand at a true rate of ${ALPHA}: each statistic, our p among them,
rejects where it exceeds what ${ALPHA} of ${NULL_TEXTS * KEYS} unmarked texts under decoy keys reach. The statistics: our exact p of
distinct coins, z of every token (Hugging Face's default), z of distinct n-grams (lm-watermarking), its WinMax, the exact tail
of the first token after each context (vLLM), and TextSeal's mid-p of every token.

${table(["mark", "tokens", "verdict", "its false positives", ...names], rivalRows)}

A threshold rests on ${Math.round(ALPHA * NULL_TEXTS * KEYS)} null texts, so that differences of a few hundredths either way are noise, most of all at 25
and 50 tokens, where a statistic has few values. Calibration makes up for what a rival counts twice; nobody calibrates a
detector anew for every length and kind of text, and without it counting repeated tokens breaks the nominal rate.
`;
}
