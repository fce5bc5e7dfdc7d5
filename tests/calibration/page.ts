/** The page of measured false-alarm rates, from the counts of bench/quality/calibration.mjs. */
import { type Alarms, LIMIT, canJudge, pooled, upperBound } from "./false-alarms.ts";

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

/** Every rate with enough tests to be judged. */
export function judgements({ alphas, marks }: Calibration): readonly Judgement[] {
  return marks.flatMap((row) =>
    Object.entries({ ...row.kinds, [ALL]: pooled(Object.values(row.kinds)) }).flatMap(
      ([kind, { tests, rejections }]) =>
        alphas.flatMap((alpha, a) => {
          if (!canJudge(tests, alpha)) return [];
          const rate = rejections[a] / tests / alpha;
          const bound = upperBound(rejections[a], tests, alpha);
          return [{ mark: row.name, kind, alpha, rate, bound }];
        }),
    ),
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
    "## How much was counted",
    "",
    ...table(
      ["mark", "scheme", "V", "keys", "tests of each kind", "coins a test"],
      marks.map(({ name, scheme, V, keys, kinds }) => {
        const { tests, coins } = pooled(Object.values(kinds));
        const each = tests / Object.keys(kinds).length;
        return [name, scheme, V, keys, each, (coins / tests).toFixed(0)].map(grouped);
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

- **A test** is one document of 20 to 160 tokens under one key. The documents of a key are scored one after another by
  one tally, so that no coin is in two tests and all tests are independent.
- **Texts**: ${Object.entries(kinds)
  .map(([name, documents]) => `${name} (${documents} documents)`)
  .join(", ")}. Origin and licence: \`fixtures/corpora\`.
- **Other projects' marks** run on a small vocabulary (V below), into which the ids of real text are folded: lists by
  permutation cost time in proportion to it, and the laws hold for every V. Our own run on SmolLM2's 49,152.
- **Entries** are the measured rate and, in brackets, its upper 95 % bound (Clopper and Pearson 1934, one-sided), both as
  multiples of α. The bound may be at most ${LIMIT}. A rate well below 1 is no error: sums of coins are whole numbers, and a
  threshold between two of them is rounded against detection.
- **A level is tried** where the tests can judge it: a mark whose real rate is exactly α would pass except with probability
  1e-3. Elsewhere there is a dash; passing or failing would be luck.
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
  const rows = marks.filter(({ name }) => here.some(({ mark }) => mark === name));
  return [
    `## α = ${power(alpha)}`,
    "",
    ...table(
      ["mark", ...columns],
      rows.map(({ name }) => [
        name,
        ...columns.map((column) => {
          const found = here.find(({ mark, kind }) => mark === name && kind === column);
          return found === undefined ? "–" : `${found.rate.toFixed(2)} (${found.bound.toFixed(2)})`;
        }),
      ]),
    ),
    "",
  ];
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
