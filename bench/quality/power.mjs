// Power against length, entropy and edit rate; the shortest detectable text of each mark; and our statistic beside those of
// other projects on the very same texts, each at the same true rate of false positives.
//   node bench/quality/power.mjs [--texts=N] [--nulls=N] [--part=NAME]
// Writes bench/results/power.json and packages/docs/guide/power.md; the same bytes each time. Some 5 minutes of one core;
// with --part one part only is measured, and kept in .cache/power for the whole.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { randomStream, tokenAttacks } from "@verdigris/survival";
import { compare, pooledOverLengths, pooledOverTexts, summaryOf } from "./equal-rates.mjs";
import {
  countArms,
  option,
  recordedArms,
  scored,
  share,
  textsOf,
  tokenizer,
  writeGuide,
  writeResult,
} from "./lab.mjs";
import { byEntropy } from "./power-entropy.mjs";
import { page } from "./power-page.mjs";

const TEXTS = option("texts", 200);
/** Pairs of text and wrong key that a threshold at α = 1e-3 rests on; at 1e-2 a third. */
const NULLS = option("nulls", 50_000);
const ALPHA = 1e-3;
const LENGTHS = [25, 50, 100, 200, 400, 800];
const GRID = [15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 160, 200, 240, 320, 400, 600, 800];
const EDITS = [0, 0.05, 0.1, 0.2, 0.3, 0.4];
/** Our marks beside rivals: whole answers up to where all are found, and longer ones edited until half are. */
const WHOLE = { lengths: [25, 35, 50, 70, 100], texts: 1000, alpha: ALPHA };
const EDITED = { lengths: [200, 400, 800], texts: 400, alpha: 1e-2 };
/** Excess of a recorded answer, and standard errors that leave a power of about one half at 1e-2. */
const [EXCESS, ERRORS] = [0.31, 2.33];
/** Marks of other projects beside their own statistics, and the lengths at which they tell. */
const GREEN = [15, 25, 35, 50];
const DENSE = [8, 12, 16, 25];
const FOREIGN = [
  ["HF left-hash", "green", GREEN],
  ["HF self-hash", "green", GREEN],
  ["Gumbel h=2", "gumbel", DENSE],
  ["vLLM Gumbel", "gumbel", DENSE],
  ["TextSeal Gumbel", "gumbel", DENSE],
  ["SynthID (HF)", "synthid", DENSE],
  ["SynthID weighted", "synthid", DENSE],
];
const SELF = "green self h=3";
const COUNTED = [SELF, "Gumbel h=2", "HF left-hash", "HF self-hash", "SynthID (HF)"];

const recorded = recordedArms();

/** What is measured, each part by itself. */
const PARTS = {
  ...Object.fromEntries(recorded.map((arm) => [`own-h${arm.profile.h}`, () => ownMark(arm)])),
  "own-self": async () => ownMark(await counted(SELF)),
  ...Object.fromEntries(FOREIGN.map(([name, ...how]) => [name, () => foreignMark(name, ...how)])),
  curves: () => recorded.map(curveOf),
  "curves-counted": async () => {
    const curves = [];
    for (const name of COUNTED) curves.push(curveOf(await counted(name)));
    return curves;
  },
  entropy: () => recorded.map(byEntropy),
  edits: () => recorded.map(byEdits),
};
const cache = new URL("../../.cache/power/", import.meta.url);
mkdirSync(cache, { recursive: true });
const only = process.argv
  .find((argument) => argument.startsWith("--part="))
  ?.slice("--part=".length);
const measured = {};
for (const part of Object.keys(PARTS).filter((name) => only === undefined || name === only)) {
  measured[part] = await resumed(part);
  console.log(part, "measured");
}
if (only === undefined) {
  const own = Object.keys(PARTS).filter((part) => part.startsWith("own-"));
  const result = {
    command: "node bench/quality/power.mjs",
    alpha: ALPHA,
    texts: TEXTS,
    lengths: LENGTHS,
    grid: GRID,
    own: own.map((part) => measured[part]),
    foreign: FOREIGN.map(([name]) => measured[name]),
    leads: leadsOf(own.map((part) => measured[part])),
    foreignLeads: leadsOf(FOREIGN.map(([name]) => measured[name])),
    curves: [...measured.curves, ...measured["curves-counted"]],
    entropy: measured.entropy,
    edits: measured.edits,
  };
  writeResult("power", result);
  writeGuide("power", page(result));
}

/** A part as it was measured before with these settings, or now. */
async function resumed(part) {
  const file = new URL(`${part.replaceAll(" ", "-")}-${TEXTS}-${NULLS}.json`, cache);
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(await PARTS[part]()));
  return JSON.parse(readFileSync(file, "utf8"));
}

/** A mark in the text of a count model. */
async function counted(name, length = 120) {
  const [arm] = await countArms(name === SELF ? 60_000 : 24_000, length, [name]);
  return arm;
}

/** Wrong keys for each of so many texts. */
function keysFor(texts, alpha) {
  return 2 * Math.ceil((NULLS * (alpha < 1e-2 ? 1 : 1 / 3)) / texts / 2);
}

/** One of our marks: prefixes of whole texts, and edited texts of each length. */
function ownMark(arm) {
  const sets = [
    { texts: textsOf(arm.pieces, WHOLE.lengths.at(-1), WHOLE.texts), edited: 0, ...pick(WHOLE) },
    ...EDITED.lengths.map((tokens) => {
      const edited = editedToHalf(tokens, arm.profile.h);
      const texts = textsOf(arm.pieces, tokens, EDITED.texts).map((pieces) =>
        substituted(pieces, edited, randomStream("power equal", arm.name, tokens)),
      );
      return { texts, edited, lengths: [tokens], alpha: EDITED.alpha };
    }),
  ];
  return marked(arm, "green", sets);
}

function pick({ lengths, alpha }) {
  return { lengths, alpha };
}

async function foreignMark(name, family, lengths) {
  const arm = await counted(name, 60);
  const texts = textsOf(arm.pieces, lengths.at(-1), 400);
  return marked(arm, family, [{ texts, edited: 0, lengths, alpha: 1e-2 }]);
}

/** What is kept of a mark: its cells, and the leads pooled over them, by statistic of ours and rival. */
function marked({ name, teacher, profile, key }, family, sets) {
  const measuredSets = sets.map(({ texts, edited, lengths, alpha }) => ({
    edited: share(edited, 1),
    cells: compare(
      { profile, key, family, texts },
      { lengths, alpha, keys: keysFor(texts.length, alpha) },
    ),
  }));
  const pooled = mapped(measuredSets[0].cells[0].leads, (_, mine, rival) =>
    pooledOverTexts(
      measuredSets.map(({ cells }) =>
        pooledOverLengths(cells.map(({ leads }) => leads[mine][rival])),
      ),
    ),
  );
  const rows = measuredSets.flatMap(({ edited, cells }) =>
    cells.map(({ leads, ...cell }) => ({
      edited,
      ...cell,
      leads: mapped(leads, ({ mean, standardError }) => ({ mean, standardError })),
    })),
  );
  return { mark: name, teacher, rows, pooled };
}

/** Each lead of each of our statistics over each rival, made into something else. */
function mapped(leads, use) {
  const entries = (object, each) =>
    Object.fromEntries(Object.entries(object).map(([name, value]) => [name, each(value, name)]));
  return entries(leads, (rivals, mine) => entries(rivals, (lead, rival) => use(lead, mine, rival)));
}

/** For each of our statistics: all cells' leads, and those over each rival pooled over marks. */
function leadsOf(marks) {
  const ours = [...new Set(marks.flatMap(({ pooled }) => Object.keys(pooled)))];
  return Object.fromEntries(
    ours.map((mine) => {
      const some = marks.filter(({ pooled }) => mine in pooled);
      const all = some.flatMap(({ rows }) =>
        rows.flatMap(({ leads }) => Object.values(leads[mine])),
      );
      const rivals = [...new Set(some.flatMap(({ pooled }) => Object.keys(pooled[mine])))];
      const pooled = rivals.map((rival) => [
        rival,
        pooledOverTexts(some.flatMap((mark) => mark.pooled[mine][rival] ?? [])),
      ]);
      return [mine, { ...summaryOf(all), pooled: Object.fromEntries(pooled) }];
    }),
  );
}

/** The share of substituted tokens that leaves a power of about one half at `EDITED.alpha`. */
function editedToHalf(tokens, h) {
  const left = (ERRORS * Math.sqrt((0.25 * 0.75) / tokens)) / EXCESS;
  return 1 - left ** (1 / (h + 1));
}

function substituted(pieces, strength, random) {
  return pieces.map((tokens) =>
    tokenAttacks[0].apply(tokens, { strength, random, V: tokenizer.vocabularySize, first: 17 }),
  );
}

function curveOf(arm) {
  const [at1e3, at1e6] = [1e-3, 1e-6].map((alpha) => detectable(arm, alpha));
  return { mark: arm.name, teacher: arm.teacher, at1e3, at1e6 };
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

/** Power on 200 tokens when a share of them is substituted. */
function byEdits(arm) {
  const texts = textsOf(arm.pieces, 200, TEXTS);
  const power = EDITS.map((strength) => {
    const random = randomStream("power edits", arm.name, strength);
    const hits = texts.filter((pieces) => {
      const edited = substituted(pieces, strength, random);
      return scored(arm.profile, arm.key, edited).log10P <= Math.log10(ALPHA);
    });
    return share(hits.length, texts.length);
  });
  return { mark: arm.name, rates: EDITS, power };
}
