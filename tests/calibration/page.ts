/** The page of measured false-alarm rates, from the counts of bench/quality/calibration.mjs. */
import { type Alarms, LIMIT, type Route, canJudge, pooled, upperBound } from "./false-alarms.ts";

/** What bench/results/calibration.json holds. */
export interface Calibration {
  readonly command: string;
  readonly alphas: readonly number[];
  /** Documents of each kind of text. */
  readonly kinds: Readonly<Record<string, number>>;
  readonly marks: readonly Row[];
}

interface Row {
  readonly name: string;
  readonly scheme: string;
  readonly own: boolean;
  readonly V: number;
  /** Identifies profile, texts and scores. */
  readonly digest: string;
  /** How it was counted. */
  readonly route: Route;
  readonly keys: number;
  readonly kinds: Readonly<Record<string, Alarms>>;
}

/** One rate that was judged: a mark on a kind of text, or on all of them. */
export interface Judgement {
  readonly mark: string;
  readonly kind: string;
  readonly alpha: number;
  /** Measured rate and its upper 95 % bound, as multiples of α. */
  readonly rate: number;
  readonly bound: number;
}

const ALL = "all kinds";
const OURS = "all of ours";

/**
 * Every rate with enough tests to be judged. Our marks are also judged together, at levels where some mark or kind of
 * text has too few tests by itself.
 */
export function judgements({ alphas, marks }: Calibration): readonly Judgement[] {
  const ours = marks.filter(({ own }) => own);
  const alone = marks.flatMap((row) => judged(row.name, row.kinds, alphas));
  const isFew = (alpha: number): boolean =>
    ours.some(({ kinds }) => Object.values(kinds).some(({ tests }) => !canJudge(tests, alpha)));
  return [...alone, ...judged(OURS, together(ours), alphas).filter(({ alpha }) => isFew(alpha))];
}

function judged(
  mark: string,
  kinds: Row["kinds"],
  alphas: readonly number[],
): readonly Judgement[] {
  return Object.entries({ ...kinds, [ALL]: pooled(Object.values(kinds)) }).flatMap(
    ([kind, { tests, rejections }]) =>
      alphas.flatMap((alpha, a) => {
        if (!canJudge(tests, alpha)) return [];
        const rate = rejections[a] / tests / alpha;
        const bound = upperBound(rejections[a], tests, alpha);
        return [{ mark, kind, alpha, rate, bound }];
      }),
  );
}

/** The counts of several marks on each kind of text. */
function together(marks: readonly Row[]): Row["kinds"] {
  const names = Object.keys(marks[0]?.kinds ?? {});
  return Object.fromEntries(
    names.map((name) => [name, pooled(marks.map(({ kinds }) => kinds[name]))]),
  );
}

/** Rates whose bound is above LIMIT. */
export function exceptions(all: readonly Judgement[]): readonly Judgement[] {
  return all.filter(({ bound }) => bound > LIMIT);
}

/** The page, in Markdown as oxfmt lays it out. */
export function calibrationPage(calibration: Calibration): string {
  const { alphas, marks } = calibration;
  const all = judgements(calibration);
  const tried = alphas.filter((alpha) => all.some((judgement) => judgement.alpha === alpha));
  return [
    INTRODUCTION(calibration),
    ...outcome(all, alphas, tried),
    ...tried.flatMap((alpha) => rates(alpha, calibration, all)),
    ...laws(calibration),
    "## How much was counted",
    "",
    ...table(
      ["mark", "scheme", "V", "keys", "scored", "tests of each kind", "tests", "coins a test"],
      marks.map(({ name, scheme, V, keys, route, kinds }) => {
        const { tests, coins } = pooled(Object.values(kinds));
        const coinsEach = (coins / tests).toFixed(0);
        return [name, scheme, V, keys, route, testsOfEach(kinds), tests, coinsEach].map(grouped);
      }),
    ),
    "",
  ].join("\n");
}

const INTRODUCTION = ({ command, kinds }: Calibration): string => `# False-alarm rates, measured

A detector that promises α must reject text nobody marked at most a share α of the time, whatever the text is like.
Here every mark that Verdigris reads meets unmarked text of ${Object.keys(kinds).length} kinds under many keys, and the rejections are
counted. This page is generated from \`bench/results/calibration.json\`; both come from

\`\`\`sh
${command}
\`\`\`

which keeps its counts in \`.cache/\` and goes on where it stopped. \`npm test\` runs a short form.

- **A test** is one document of 20 to 160 tokens under one key. The documents of a key are scored one after another, each
  coin once, so that no coin is in two tests and all tests are independent.
- **Our marks and quick ones of others'** are scored many keys at once, by the function that decoy keys and attribution use;
  the rest by a tally for each key. Both give each document the same sum and the same p, bit for bit
  (\`tests/calibration/false-alarms.test.ts\`).
- **Texts**: ${Object.entries(kinds)
  .map(([name, documents]) => `${name} (${documents} documents)`)
  .join(", ")}. Origin and licence: \`fixtures/corpora\`.
- **Other projects' marks** run on a small vocabulary (V below), into which the ids of real text are folded: lists by
  permutation cost time in proportion to it, and the laws hold for every V. Our own run on SmolLM2's 49,152.
- **Entries** are the measured rate and, in brackets, its upper 95 % bound (Clopper and Pearson 1934, one-sided), both as
  multiples of α. The bound may be at most ${LIMIT}. A rate well below 1 is no error: sums of coins are whole numbers, and a
  threshold between two of them is rounded against detection.
- **A level is tried** where the tests can judge it: a mark whose real rate is exactly α would pass except with probability
  1e-3, which takes about 290/α tests. Elsewhere there is a dash; passing or failing would be luck.
- **Pooled rates**: "${ALL}" adds up the kinds of text of one mark, "${OURS}" our marks on one kind of text. Where only a pooled rate
  is judged, a part of the pool could be worse by as much as the others are better.
`;

function outcome(
  all: readonly Judgement[],
  alphas: readonly number[],
  tried: readonly number[],
): readonly string[] {
  const failed = exceptions(all);
  const worst = all.toSorted((a, b) => b.bound - a.bound)[0];
  const untried = alphas.filter((alpha) => !tried.includes(alpha)).map(power);
  return [
    "## Outcome",
    "",
    `${grouped(all.length)} rates were judged. ${failed.length === 0 ? "No bound is" : `${failed.length} bounds are`} above ${LIMIT} α.` +
      (worst === undefined
        ? ""
        : ` The largest is ${worst.bound.toFixed(2)} α: ${worst.mark} on ${worst.kind} text at α = ${power(worst.alpha)}.`),
    ...(untried.length === 0 ? [] : [`Not tried, for want of tests: α = ${untried.join(", ")}.`]),
    ...failed.map(
      ({ mark, kind, alpha, rate, bound }) =>
        `\n- **${mark}**, ${kind}, α = ${power(alpha)}: rate ${rate.toFixed(2)} α, bound ${bound.toFixed(2)} α`,
    ),
    "",
  ];
}

function rates(
  alpha: number,
  { kinds, marks }: Calibration,
  all: readonly Judgement[],
): readonly string[] {
  const columns = [...Object.keys(kinds), ALL];
  const here = all.filter((judgement) => judgement.alpha === alpha);
  const ours = together(marks.filter(({ own }) => own));
  const rows = [...marks, { name: OURS, kinds: ours }].filter(({ name }) =>
    here.some(({ mark }) => mark === name),
  );
  return [
    `## α = ${power(alpha)}`,
    "",
    ...table(
      ["mark", "tests of each kind", ...columns],
      rows.map((row) => [
        row.name,
        grouped(testsOfEach(row.kinds)),
        ...columns.map((column) => {
          const found = here.find(({ mark, kind }) => mark === row.name && kind === column);
          return found === undefined ? "–" : `${found.rate.toFixed(2)} (${found.bound.toFixed(2)})`;
        }),
      ]),
    ),
    "",
  ];
}

/** Rejections of our marks beside the exact mean that the law gives: a check from both sides. */
function laws({ alphas, marks }: Calibration): readonly string[] {
  const rows = marks
    .filter(({ own }) => own)
    .map(({ name, kinds }) => {
      const { rejections, expected = [] } = pooled(Object.values(kinds));
      return [name, ...alphas.map((_, a) => `${grouped(rejections[a])} / ${mean(expected[a])}`)];
    });
  return [
    "## Our marks against their laws",
    "",
    "Rejections of all kinds of text together / their mean if every coin follows its law exactly. The mean is below α times the",
    "tests because sums of green lists are whole numbers; scatter of the count is the root of it.",
    "",
    ...table(["mark", ...alphas.map((alpha) => `α = ${power(alpha)}`)], rows),
    "",
  ];
}

/** A mean count. */
function mean(value = NaN): string {
  return value < 100 ? value.toFixed(1) : grouped(Math.round(value));
}

/** Every kind of text has as many tests. */
function testsOfEach(kinds: Row["kinds"]): number {
  return Object.values(kinds)[0]?.tests ?? 0;
}

/** Columns as wide as their widest cell, which is how oxfmt lays tables out. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((name, i) =>
    Math.max(3, name.length, ...rows.map((row) => row[i].length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
}

/** 10^-k as 1e-k. */
function power(alpha: number): string {
  return alpha.toExponential(0);
}

/** Whole numbers with thousands apart. */
function grouped(value: string | number): string {
  return typeof value === "string" ? value : value.toLocaleString("en");
}
