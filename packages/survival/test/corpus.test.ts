import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ContextIndex, auditContexts, mixCorpus, randomStream, tokenCount } from "../src/index.js";
import { V, plainTexts } from "./support.js";

const marked = plainTexts(30, 50, 1);
const unmarked = plainTexts(30, 70, 2);

describe("a mixed corpus", () => {
  it("has exactly the tokens and the marked share asked for", () => {
    for (const rho of [0, 0.1, 0.333, 1]) {
      const corpus = mixCorpus(
        { marked, unmarked },
        { rho, tokens: 1000, random: randomStream(rho) },
      );
      expect(tokenCount(corpus.texts)).toBe(1000);
      const own = corpus.texts.filter((_, i) => corpus.marked[i]);
      expect(tokenCount(own)).toBe(Math.round(1000 * rho));
      expect(corpus.rho).toBeCloseTo(rho, 3);
    }
  });

  it("is the same for the same stream, and another for another", () => {
    const mix = (seed: number): unknown =>
      mixCorpus({ marked, unmarked }, { rho: 0.5, tokens: 1000, random: randomStream(seed) });
    expect(mix(1)).toEqual(mix(1));
    expect(mix(1)).not.toEqual(mix(2));
  });

  it("refuses a share outside [0, 1] and more tokens than there are", () => {
    const mix =
      (rho: number, tokens: number): (() => unknown) =>
      () =>
        mixCorpus({ marked, unmarked }, { rho, tokens, random: randomStream(1) });
    expect(mix(1.5, 10)).toThrow(new RangeError("rho: expected a number in [0, 1], got 1.5"));
    expect(mix(1, 5000)).toThrow(
      "tokens: expected at most the 1500 marked tokens there are, got 5000",
    );
  });
});

describe("the context index", () => {
  it("finds what followed a context, as a search of the texts does", () => {
    const shape = fc.tuple(
      fc.array(fc.array(fc.nat(3), { maxLength: 40 }), { minLength: 1, maxLength: 5 }),
      fc.array(fc.nat(3), { maxLength: 4 }),
    );
    fc.assert(
      fc.property(shape, ([texts, context]) => {
        const tokens = texts.map((ids) => Uint32Array.from(ids));
        const index = new ContextIndex(tokens, { order: 3, vocabularySize: 4 });
        const ranges = index.ranges(Uint32Array.from(context));
        ranges.forEach(({ start, end }, depth) => {
          const suffix = context.slice(context.length - depth);
          const expected = tokens.flatMap((text) =>
            Array.from(text).filter(
              (_, i) => i >= depth && suffix.every((t, j) => text[i - depth + j] === t),
            ),
          );
          expect([...index.followers.subarray(start, end)].sort()).toEqual(expected.sort());
        });
        if (ranges.length <= Math.min(3, context.length)) {
          const longer = context.slice(context.length - ranges.length);
          const again = new ContextIndex(tokens, { order: 3, vocabularySize: 4 });
          expect(again.ranges(Uint32Array.from(longer)).length).toBe(ranges.length);
        }
      }),
      { seed: 5, numRuns: 200 },
    );
  });
});

describe("audit contexts", () => {
  const options = { h: 2, count: 500, served: 0, log: marked, random: randomStream("audit") };

  it("each end in a window of their own", () => {
    const contexts = auditContexts(unmarked, options);
    const windows = contexts.map((context) => context.slice(-2).join(" "));
    expect(windows.length).toBeGreaterThan(100);
    expect(new Set(windows).size).toBe(windows.length);
  });

  it("hold only windows that were served, if asked to", () => {
    const contexts = auditContexts(unmarked, {
      ...options,
      served: 3,
      random: randomStream("audit"),
    });
    const index = new ContextIndex(
      marked.map((text) => text.tokens),
      { order: 2, vocabularySize: V },
    );
    for (const context of contexts) {
      const { start, end } = index.ranges(context)[2];
      expect(end - start).toBeGreaterThanOrEqual(3);
    }
    expect(contexts.length).toBeGreaterThan(0);
  });
});
