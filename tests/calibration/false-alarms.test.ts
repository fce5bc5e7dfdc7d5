/**
 * Guarantee: on text that does not depend on the key, p ≤ α happens at most α of the time, for every mark and every kind
 * of text: the count over keys stays below an exact binomial bound whose own error is 1e-9. Canary for each mark:
 * counting repeated coins breaks it. The long form is bench/quality/calibration.mjs, whose recorded counts are held to
 * the same scheme, texts and scores, and to 1.3 α.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Kernel, bindScheme, createKernel } from "@verdigris/core";
import { decoyKey, evidenceOf, rejects } from "@verdigris/detector";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Route,
  type Test,
  canJudge,
  countBound,
  digestOf,
  falseAlarms,
  pooled,
  upperBound,
} from "./false-alarms.js";
import { type Calibration, calibrationPage, exceptions, judgements } from "./page.js";
import { type Kinds, folded, subjects, textKinds } from "./subjects.js";

const ALPHAS = [0.1, 0.01, 0.001];
const KEYS = 50;
/** Keys that get the same documents, where they are scored together. */
const GROUP = 10;
const DOCUMENTS = 4;
/** Keys that the long form does not use. */
const FIRST_KEY = 50_000_000;

const root = fileURLToPath(new URL("../../", import.meta.url));
const marks = subjects();

describe("false alarms", () => {
  const kernel: Kernel = createKernel();
  const texts = new Map<number, Kinds>();
  let recorded: Calibration;

  beforeAll(async () => {
    const kinds = await textKinds();
    for (const { profile } of marks) {
      if (!texts.has(profile.V)) texts.set(profile.V, folded(kinds, profile.V));
    }
    recorded = JSON.parse(readFileSync(`${root}bench/results/calibration.json`, "utf8"));
  });

  const textsOf = (V: number): Kinds => texts.get(V) as Kinds;

  describe.each(marks.map((mark) => [mark.name, mark] as const))("%s", (name, mark) => {
    const count = (kinds: Kinds, deduplicate: boolean): ReturnType<typeof falseAlarms> =>
      falseAlarms(mark, kinds, {
        kernel,
        firstKey: FIRST_KEY,
        keys: KEYS,
        documents: DOCUMENTS,
        alphas: ALPHAS,
        ...(mark.own ? { route: "together", group: GROUP } : {}),
        deduplicate,
      });

    it("stay below α on every kind of text", () => {
      const counts = count(textsOf(mark.profile.V), true);
      for (const [kind, { tests, rejections }] of [
        ...Object.entries(counts),
        ["all kinds", pooled(Object.values(counts))] as const,
      ]) {
        ALPHAS.forEach((alpha, a) =>
          expect(rejections[a], `${kind}, α = ${alpha}`).toBeLessThan(countBound(tests, alpha)),
        );
      }
    });

    it("canary: counting repeated coins is caught", () => {
      const { repetitive } = count({ repetitive: textsOf(mark.profile.V).repetitive }, false);
      expect(repetitive.rejections[1]).toBeGreaterThanOrEqual(
        countBound(repetitive.tests, ALPHAS[1]),
      );
    });

    it("were counted at length with this profile, these texts and these scores", () => {
      const row = recorded.marks.find((other) => other.name === name);
      const command = `node bench/quality/calibration.mjs --marks ${name}`;
      expect(row?.digest, `run ${command}`).toBe(digestOf(mark, textsOf(mark.profile.V)));
    });
  });

  it("stay below 1.3 α in the long form, at every level that was tried", () => {
    const all = judgements(recorded);
    expect(exceptions(all)).toEqual([]);
    for (const mark of marks) {
      for (const kind of Object.keys(textsOf(mark.profile.V))) {
        const judged = all.some((other) => other.mark === mark.name && other.kind === kind);
        expect({ mark: mark.name, kind, judged }).toEqual({ mark: mark.name, kind, judged: true });
      }
    }
  });

  it("stand in the guide as they were counted", () => {
    const page = readFileSync(`${root}packages/docs/guide/calibration.md`, "utf8");
    expect(page).toBe(calibrationPage(recorded));
  });

  describe.each(
    marks.filter(({ own, name }) => own || name === "sglang-gumbel" || name === "sbw-selfhash"),
  )("of $name, scored many keys at once", ({ profile, own }) => {
    const levels = [0.01, 0.001];
    const count = (route: Route): { readonly tests: Test[]; readonly rejections: number[] } => {
      const tests: Test[] = [];
      const alarms = falseAlarms({ name: "", profile, own }, textsOf(profile.V), {
        kernel,
        route,
        group: 3,
        firstKey: FIRST_KEY,
        keys: own ? 60 : 6,
        documents: DOCUMENTS,
        alphas: levels,
        observe: (test) => tests.push(test),
      });
      return { tests, rejections: [...pooled(Object.values(alarms)).rejections] };
    };

    it("are those of a tally for each key: every sum, every p and every rejection", () => {
      const [together, oneByOne] = [count("together"), count("one by one")];
      const { law } = bindScheme(profile, decoyKey(0), kernel);
      const log10P = ({ tests }: typeof together): number[] =>
        tests.map((test) => evidenceOf(law, test).log10P);
      expect(together.tests).toEqual(oneByOne.tests);
      expect(log10P(together)).toEqual(log10P(oneByOne));
      // Critical sums and skipped tails lose none.
      expect(together.rejections).toEqual(
        levels.map((alpha) => log10P(oneByOne).filter((p) => rejects(p, alpha)).length),
      );
    });
  });

  it("of ours are as many as their laws say, in the long form", () => {
    for (const { name, kinds } of recorded.marks.filter(({ own }) => own)) {
      const { rejections, expected = [] } = pooled(Object.values(kinds));
      recorded.alphas.forEach((alpha, a) => {
        const off = Math.abs(rejections[a] - expected[a]) / Math.sqrt(expected[a]);
        expect(off, `${name}, α = ${alpha}`).toBeLessThan(5);
      });
    }
  });
});

describe("the judgement of a level", () => {
  it("needs so many tests that a sound mark passes", () => {
    expect(canJudge(25_000, 0.01)).toBe(false);
    expect(canJudge(34_000, 0.01)).toBe(true);
  });

  it("canary: a mark that is twice too eager is caught by as many", () => {
    const tests = 40_000;
    expect(upperBound(0.01 * tests, tests, 0.01)).toBeLessThan(1.3);
    expect(upperBound(0.02 * tests, tests, 0.01)).toBeGreaterThan(1.3);
  });
});
