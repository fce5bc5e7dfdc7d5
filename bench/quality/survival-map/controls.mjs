// The controls of the study, with exact bounds, and what a reader should make of its oddities.
import { clopperPearson } from "@verdigris/detector";
import { meanOf, over } from "./study-map.mjs";
import { grouped, num, power, table } from "./words.mjs";

/** Key and log10 p of every test of a suspect that never saw the mark, each once: cells share students. By name. */
export function innocentTests(map) {
  const runs = map.unmarked.flatMap((cell) => cell.runs);
  const of = (field, ...same) =>
    distinct(runs, [field, ...same])
      .map((run) => ({ key: run.key, log10P: run[field] }))
      .filter(({ log10P }) => log10P !== null);
  return {
    "student of unmarked text, one draw a context": of("log10P", "n", "epsilon"),
    "the same, open, expected scores": of("softLog10P", "softN", "softEpsilon"),
    "the same, open, most likely tokens": of("argmaxLog10P"),
    "the same, free text": of("freeLog10P", "freeN", "freeEpsilon"),
    "student before training": of("untrainedLog10P"),
    "innocent copier of marked prompts, prompt rule on": of(
      "copierLog10P",
      "copierLog10PWithoutRule",
    ),
  };
}

/** Runs that differ in what a test gave: the same student, windows and coins are one test, whatever cells it is in. */
function distinct(runs, fields) {
  const name = (run) => ["key", "seed", ...fields].map((field) => run[field]).join();
  return [...new Map(runs.map((run) => [name(run), run])).values()];
}

/** How many tests reject at a level, and the exact 95 % interval of the rate. */
function alarms(tests, alpha) {
  const found = tests.filter(({ log10P }) => log10P <= Math.log10(alpha)).length;
  return { found, interval: clopperPearson(found, tests.length, 0.95) };
}

export function controlSection(...maps) {
  const places = ["T0", "T1", "T1 fitted"];
  const rows = maps.flatMap((map, i) =>
    Object.entries(innocentTests(map)).flatMap(([name, tests]) =>
      tests.length === 0 ? [] : [controlRow(`${places[i]}: ${name}`, tests, map.summary.alpha)],
    ),
  );
  const all = maps.flatMap((map) => Object.values(innocentTests(map)).flat());
  const { alpha } = maps[0].summary;
  const { found, interval } = alarms(all, alpha);
  return `Cells share students and texts; a test that several cells have is counted once. **${found} of ${grouped(all.length)}** tests of innocents reject
at α = ${power(alpha)}: the rate is at most ${interval.upper.toExponential(1)} (Clopper and Pearson, 95 %). That bound is far above α, as so few tests cannot show more; so the table
also counts p ≤ .01, with the exact interval of the rate, and p ≤ .05. Tests of one key still share coins (a copier's own words are much the same in every cell), and an exact
interval takes them for independent; so the last interval is over keys (Student's t). Expected scores are judged by an e-value, which is far from its level by construction.

${table(["control", "tests", `p ≤ ${power(alpha)}`, "p ≤ .01", "p ≤ .05", "smallest log10 p"], rows)}

${positives(maps[0])}`;
}

function controlRow(name, tests, alpha) {
  const low = alarms(tests, 0.01);
  const usual = over(tests, ({ log10P }) => (log10P <= Math.log10(0.05) ? 1 : 0));
  return [
    name,
    grouped(tests.length),
    String(alarms(tests, alpha).found),
    `${low.found} (${num(low.interval.lower)} to ${num(low.interval.upper)})`,
    `${num(usual.value)} (${num(Math.max(0, usual.interval.lower))} to ${num(usual.interval.upper)})`,
    num(Math.min(...tests.map(({ log10P }) => log10P))),
  ];
}

/** What must be found, what the prompt rule is for, and the wrong keys. */
function positives({ marked, unmarked, cells, summary }) {
  const runs = marked.flatMap((cell) => cell.runs);
  const teachers = runs.filter(({ teacherLog10P }) => teacherLog10P <= Math.log10(summary.alpha));
  const innocents = unmarked.flatMap((cell) => cell.runs);
  const copied = distinct(innocents, ["copierLog10P", "copierLog10PWithoutRule"]).map(
    (run) => run.copierLog10PWithoutRule,
  );
  const accused = copied.filter((p) => p <= Math.log10(summary.alpha)).length;
  const every = cells.flatMap((cell) => cell.runs);
  const ranked = distinct(innocents, ["n", "epsilon"]);
  const lucky = ranked.filter(({ decoyP }) => decoyP <= 1 / (summary.audit.decoys + 1));
  const decoys = summary.audit.decoys;
  return `- Teachers' own texts: ${teachers.length} of ${runs.length} found.
- Without the prompt rule ${accused} of ${copied.length} innocent copiers are found, the worst with log10 p = ${num(Math.min(...copied))}: the rule is what keeps them free.
- Wrong keys, ${decoys} for each of ${grouped(every.length)} audits: the variance of z is ${num(meanOf(every, (run) => run.varianceInflation))} on average (1 if the law is exact).
  Of the audits of unmarked students ${lucky.length} of ${ranked.length} are above all their wrong keys (1 in ${decoys + 1} expected).`;
}
