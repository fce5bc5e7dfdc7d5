/**
 * Results as JUnit XML, the dialect of Jenkins' junit-10.xsd. A test case passes where the mark is detected, fails where
 * it is not and is skipped where the text is too short, as the exit codes 0, 1 and 3 have it; a record that could not be
 * used is an error.
 */
import { NULL_HYPOTHESIS, WHAT_A_REJECTION_SAYS } from "@verdigris/detector";
import type { ReadProblem } from "@verdigris/text";
import { fragment } from "xmlbuilder2";
import type { ScoreResult, Scored } from "../scoring.js";
import type { Listed } from "../spool.js";
import type { Setting } from "./format.js";
import { figures, inWords } from "./words.js";

type Element = Readonly<Record<string, unknown>>;

export function* junit(result: ScoreResult, setting: Setting): Generator<string> {
  const { pooled, files, documents, problems } = result;
  const suites = [
    suite("documents", documents),
    suite("files", files.length > 1 ? files : []),
    suite("all files", [pooled], problems),
  ].filter(({ counts }) => counts.tests > 0);
  const total = (what: "tests" | "failures" | "errors"): number =>
    suites.reduce((sum, { counts }) => sum + counts[what], 0);
  yield `<?xml version="1.0" encoding="UTF-8"?>\n`;
  yield opening("testsuites", {
    name: "verdigris score",
    tests: total("tests"),
    failures: total("failures"),
    errors: total("errors"),
  });
  for (const { name, counts, tests, broken } of suites) {
    yield opening("testsuite", { name, ...counts });
    yield markup("properties", { property: Object.entries(properties(setting)).map(property) });
    for (const test of tests) yield markup("testcase", testCase(test, setting));
    for (const problem of broken) yield markup("testcase", problemCase(problem));
    yield "</testsuite>\n";
  }
  yield "</testsuites>\n";
}

interface Suite {
  readonly name: string;
  readonly tests: Iterable<Scored>;
  readonly broken: Iterable<ReadProblem>;
  readonly counts: Readonly<Record<"tests" | "failures" | "errors" | "skipped", number>>;
}

/** The counts stand before the cases, so the cases are gone through twice. */
function suite(name: string, tests: Listed<Scored>, broken: Listed<ReadProblem> = []): Suite {
  const counts = {
    tests: tests.length + broken.length,
    failures: 0,
    errors: broken.length,
    skipped: 0,
  };
  for (const { kind } of tests) {
    if (kind === "not-detected") counts.failures++;
    if (kind === "too-short") counts.skipped++;
  }
  return { name, tests, broken, counts };
}

/** One element; characters that XML forbids become U+FFFD. */
function markup(name: string, content: Element): string {
  const element = fragment({ invalidCharReplacement: "\ufffd" }, { [name]: content });
  return `${element.end({ prettyPrint: true })}\n`;
}

/** The opening tag of an element whose content follows. */
function opening(name: string, all: Readonly<Record<string, string | number>>): string {
  return markup(name, attributes(all)).replace(/\/>\n$/, ">\n");
}

function testCase(scored: Scored, setting: Setting): Element {
  const { name, kind, log10PAdjusted } = scored;
  const message = inWords(scored, setting);
  const output = [
    message,
    ...figures(scored, setting).map(([figure, value]) => `${figure}: ${value}`),
    `log10 p after Holm's correction: ${log10PAdjusted.toFixed(2)}`,
    ...scored.verdict.warnings.map((warning) => `warning: ${warning}`),
  ];
  return {
    ...attributes({ name, classname: "verdigris.score" }),
    ...(kind === "not-detected" ? { failure: attributes({ type: kind, message }) } : {}),
    ...(kind === "too-short" ? { skipped: attributes({ type: kind, message }) } : {}),
    "system-out": output.join("\n"),
  };
}

function problemCase({ path, line, message }: ReadProblem): Element {
  const name = line === undefined ? path : `${path}:${line}`;
  return {
    ...attributes({ name, classname: "verdigris.score" }),
    error: attributes({ type: "unusable-record", message }),
  };
}

function properties({ program, profile, keyId, warnings }: Setting): Record<string, string> {
  return {
    program: `verdigris ${program}`,
    profile,
    keyId,
    nullHypothesis: NULL_HYPOTHESIS,
    notice: WHAT_A_REJECTION_SAYS,
    ...Object.fromEntries(warnings.map((warning, i) => [`warning.${i + 1}`, warning])),
  };
}

function property([name, value]: readonly [string, string]): Element {
  return attributes({ name, value });
}

function attributes(all: Readonly<Record<string, string | number>>): Element {
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [`@${name}`, value]));
}
