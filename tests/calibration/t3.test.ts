/**
 * The committed scores of the T3 arm (a real model, fully fine-tuned on marked answers) are what its recorded answers give.
 * The long form: node bench/t3/score.mjs.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Key, type Profile, bindScheme, createKernel } from "@verdigris/core";
import { type Evidence, closedTest } from "@verdigris/detector";
import { beforeAll, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface Arms {
  readonly ARMS: readonly { readonly name: string; readonly h: number | null }[];
  readonly TOKENIZER: object;
  readonly PACKED: (arm: string) => URL;
  readonly readPlain: (path: string) => string;
  readonly shortsOf: (base64: string) => Uint16Array;
}
interface Questions {
  readonly questions: () => Promise<{ readonly read: readonly QuestionSet[] }>;
}
interface QuestionSet {
  readonly set: string;
  readonly texts: readonly { readonly tokens: ArrayLike<number>; readonly from: number }[];
}
interface Corpora {
  readonly profileOf: (h: number, tokenizer: object) => Profile;
  readonly testKey: () => Key;
}
interface Scored {
  readonly students: readonly {
    readonly arm: string;
    readonly audits: readonly (Pick<Evidence, "n" | "effect" | "log10P"> & {
      readonly set: string;
      readonly h: number;
      readonly test: string;
    })[];
  }[];
}

const kernel = createKernel();
/** Scripts have no types: what the tests take of them is above. */
const script = async <T>(path: string): Promise<T> => (await import(`${ROOT}${path}`)) as T;
const scored = JSON.parse(readFileSync(`${ROOT}bench/results/t3.json`, "utf8")) as Scored;
let arms: Arms;
let corpora: Corpora;
let human: QuestionSet["texts"];

beforeAll(async () => {
  arms = await script("bench/t3/arms.mjs");
  corpora = await script("fixtures/corpora/arms.mjs");
  const { read } = await (await script<Questions>("bench/t3/questions.mjs")).questions();
  human = read.find(({ set }) => set === "human")?.texts ?? [];
});

/** One-step test of an arm's answers to human text, under the mark of width h; of each text only a window's first place counts. */
function evidenceOf(arm: string, h: number, altered: (answer: number) => number): Evidence {
  const packed = JSON.parse(arms.readPlain(fileURLToPath(arms.PACKED(arm)))) as {
    readonly sets: { readonly human: { readonly drawn: string } };
  };
  const answers = arms.shortsOf(packed.sets.human.drawn);
  const contexts: Uint32Array[] = [];
  const tokens: number[] = [];
  let offset = 0;
  for (const { tokens: text, from } of human) {
    const words = Uint32Array.from(text);
    const met = new Set<string>();
    for (let at = from + h; at < words.length; at++) {
      const context = words.slice(at - h, at);
      if (!met.has(context.join())) {
        contexts.push(context);
        tokens.push(altered(answers[offset + at - from]));
      }
      met.add(context.join());
    }
    offset += words.length - from;
  }
  const scheme = bindScheme(corpora.profileOf(h, arms.TOKENIZER), corpora.testKey(), kernel);
  return closedTest(scheme, { contexts, tokens: Uint32Array.from(tokens) });
}

describe("the T3 arm", () => {
  const cases = scored.students.flatMap(({ arm, audits }) =>
    audits
      .filter(({ set, test }) => set === "human" && test === "drawn")
      .map((audit) => ({ arm, ...audit })),
  );

  it("has marked arms of three widths and a control", () => {
    const names = scored.students.map(({ arm }) => arm);
    expect(names).toEqual(expect.arrayContaining(["untrained", "h1", "h2", "h4"]));
  });

  it.each(cases)("$arm under h = $h: the committed figures are those of its answers", (audit) => {
    const { n, effect, log10P } = evidenceOf(audit.arm, audit.h, (answer) => answer);
    expect(n).toBe(audit.n);
    expect(effect).toBeCloseTo(audit.effect, 12);
    expect(log10P).toBeCloseTo(audit.log10P, 9);
  });

  it("canary: other answers give other figures, and nothing of the mark", () => {
    const own = evidenceOf("h1", 1, (answer) => answer);
    const shifted = evidenceOf("h1", 1, (answer) => (answer + 1) % 49_152);
    expect(own.log10P).toBeLessThan(-5);
    expect(shifted.log10P).toBeGreaterThan(-3);
  });
});
