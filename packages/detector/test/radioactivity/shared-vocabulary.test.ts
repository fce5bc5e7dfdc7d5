/**
 * A suspect with another tokenizer. Teacher and suspect know the letters and different pairs of them; both read greedily.
 */
import { Key, bindScheme, createKernel } from "@verdigris/core";
import { lehmer, testProfile } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import {
  type Prediction,
  SharedVocabulary,
  type Speller,
  binomialLog10P,
  closedTest,
  decoyKey,
  openTest,
} from "../../src/index.js";

const LETTERS = [..."abcdefghijklmnopqrst"];
const pairs = (keep: (i: number) => boolean): string[] =>
  LETTERS.flatMap((a) => LETTERS.map((b) => a + b)).filter((_, i) => keep(i));

function speller(words: readonly string[]): Speller {
  const ids = new Map(words.map((word, id) => [word, id]));
  return {
    vocabularySize: words.length,
    specialTokens: new Set([0]),
    bytes: (id) => new TextEncoder().encode(words[id]),
    encode(text) {
      const out: number[] = [];
      for (let at = 0; at < text.length;) {
        const pair = ids.get(text.slice(at, at + 2));
        out.push(pair ?? (ids.get(text[at]) as number));
        at += pair !== undefined && at + 1 < text.length ? 2 : 1;
      }
      return Uint32Array.from(out);
    },
  };
}

const teacher = speller(["<s>", ...LETTERS, ...pairs((i) => i % 3 === 0)]);
const suspect = speller(["<s>", ...LETTERS.toReversed(), ...pairs((i) => i % 2 === 0)]);
const shared = new SharedVocabulary({ teacher, suspect });

const random = lehmer(11);
const texts = Array.from({ length: 60 }, () =>
  Array.from({ length: 60 }, () => LETTERS[Math.floor(LETTERS.length * random.next())]).join(""),
);
const contexts = shared.contexts(texts, 1);
const spelled = (by: Speller, tokens: Uint32Array): string =>
  Array.from(tokens, (id) => new TextDecoder().decode(by.bytes(id))).join("");

describe("shared contexts", () => {
  it("end where both tokenisations end, each after a window of its own", () => {
    expect(contexts.length).toBeGreaterThan(80);
    for (const own of contexts) {
      const text = spelled(teacher, own.teacher);
      expect(spelled(suspect, own.suspect)).toBe(text);
      expect(texts.some((each) => each.startsWith(text))).toBe(true);
    }
    const windows = contexts.map((own) => own.teacher[own.teacher.length - 1]);
    expect(new Set(windows).size).toBe(windows.length);
    // Canary: most places where one of them ends are not common ends.
    const places = texts.reduce((sum, text) => sum + teacher.encode(text).length, 0);
    const common = shared.contexts(texts, 8).length;
    expect(common).toBeLessThan(0.9 * places);
  });

  it("know the tokens spelled alike, whatever their ids, and no special one", () => {
    expect(shared.size).toBe(LETTERS.length + pairs((i) => i % 6 === 0).length);
  });
});

describe("a suspect's answers", () => {
  const kernel = createKernel();
  const profile = testProfile({ V: teacher.vocabularySize, h: 1 });
  const scheme = bindScheme(profile, Key.fromBytes(new Uint8Array(32).fill(2)), kernel);
  const everyId = Uint32Array.from({ length: suspect.vocabularySize - 1 }, (_, i) => i + 1);

  /** Tokens that the teacher knows are `factor` times as likely where they are green. */
  const said = (factor: number): readonly Omit<Prediction, "context">[] => {
    const noise = lehmer(5);
    return contexts.map((own) => {
      const weights = Array.from(everyId, (id) => {
        const known = shared.draws([own], Uint32Array.of(id));
        const logits = new Float32Array(1);
        if (known.tokens.length > 0) scheme.reweight(own.teacher, logits, known.tokens);
        return (0.05 + noise.next() ** 4) * (logits[0] > 0 ? factor : 1);
      });
      const sum = weights.reduce((a, b) => a + b);
      return { ids: everyId, p: Float64Array.from(weights, (w) => w / sum) };
    });
  };

  it("are renormalised by the mass that both know", () => {
    const predictions = shared.predictions(contexts, said(1));
    expect(predictions.length).toBe(contexts.length);
    for (const { p } of predictions) expect(p.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    const foreign = everyId.filter(
      (id) => shared.draws([contexts[0]], Uint32Array.of(id)).tokens.length === 0,
    );
    const p = new Float64Array(foreign.length).fill(1 / foreign.length);
    expect(shared.predictions([contexts[0]], [{ ids: foreign, p }])).toStrictEqual([]);
  });

  it("show the mark under its key, and keep the level under 200 others", () => {
    const marked = shared.predictions(contexts, said(2.5));
    expect(openTest(scheme, marked).log10E).toBeGreaterThan(3);
    const likely = Uint32Array.from(said(2.5), ({ ids, p }) => ids[p.indexOf(Math.max(...p))]);
    expect(closedTest(scheme, shared.draws(contexts, likely)).zScore).toBeGreaterThan(2);
    let bound = 0;
    while (binomialLog10P(bound, 200, 0.1) > -9) bound++;
    let crossed = 0;
    for (let i = 0; i < 200; i++) {
      if (openTest(bindScheme(profile, decoyKey(i), kernel), marked).log10E >= 1) crossed++;
    }
    expect(crossed).toBeLessThan(bound);
  });
});
