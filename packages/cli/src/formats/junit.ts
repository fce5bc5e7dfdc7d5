/**
 * Results as JUnit XML, the dialect of Jenkins' junit-10.xsd. A test case passes where the mark is detected, fails where
 * it is not and is skipped where the text is too short, as the exit codes 0, 1 and 3 have it; a record that could not be
 * used is an error.
 */
import { NULL_HYPOTHESIS, WHAT_A_REJECTION_SAYS } from "@verdigris/detector";
import type { ReadProblem } from "@verdigris/text";
import { create } from "xmlbuilder2";
import type { ScoreResult, Scored } from "../scoring.js";
import type { Listed } from "../spool.js";
import type { Setting } from "./format.js";
import { figures, inWords } from "./words.js";

type Element = Readonly<Record<string, unknown>>;

export function* junit(result: ScoreResult, setting: Setting): Generator<string> {
  const { pooled, files, documents, problems } = result;
  const suites = [
    suite("documents", documents, { setting }),
    suite("files", files.length > 1 ? files : [], { setting }),
    suite("all files", [pooled], { setting, problems }),
  ].filter(({ cases }) => cases.length > 0);
  const total = (what: "tests" | "failures" | "errors"): number =>
    suites.reduce((sum, { counts }) => sum + counts[what], 0);
  const document = create(
    { version: "1.0", encoding: "UTF-8", invalidCharReplacement: "\ufffd" },
    {
      testsuites: {
        ...attributes({
          name: "verdigris score",
          tests: total("tests"),
          failures: total("failures"),
          errors: total("errors"),
        }),
        testsuite: suites.map(({ element }) => element),
      },
    },
  );
  yield `${document.end({ prettyPrint: true })}\n`;
}

interface Suite {
  readonly cases: readonly Element[];
  readonly counts: { readonly tests: number; readonly failures: number; readonly errors: number };
  readonly element: Element;
}

function suite(
  name: string,
  tests: Listed<Scored>,
  { setting, problems = [] }: { setting: Setting; problems?: Listed<ReadProblem> },
): Suite {
  const of = (kind: Scored["kind"]): number =>
    [...tests].filter((test) => test.kind === kind).length;
  const cases = [...tests.map((test) => testCase(test, setting)), ...problems.map(problemCase)];
  const counts = {
    tests: cases.length,
    failures: of("not-detected"),
    errors: problems.length,
  };
  const element = {
    ...attributes({ name, ...counts, skipped: of("too-short") }),
    properties: { property: Object.entries(properties(setting)).map(property) },
    testcase: cases,
  };
  return { cases, counts, element };
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
