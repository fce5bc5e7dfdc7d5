import { fileURLToPath } from "node:url";

import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";

import { type Tokenizer, loadTokenizer, readTokenizer, tokenOffsets } from "@verdigris/text";

let tokenizer: Tokenizer;

beforeAll(async () => {
  const url = new URL("../../../fixtures/models/smollm2/tokenizer.json", import.meta.url);
  tokenizer = await readTokenizer(fileURLToPath(url));
});

function slices(text: string, ids = tokenizer.encode(text)): string[] {
  const boundaries = tokenOffsets(tokenizer, ids, text);
  return [...ids].map((_, i) => text.slice(boundaries[i], boundaries[i + 1]));
}

describe("tokenOffsets", () => {
  test("covers words with their spaces", () => {
    expect(slices("Hello, wide world")).toEqual(["Hello", ",", " wide", " world"]);
  });

  test("gives a character of several tokens to the last of them", () => {
    const parts = slices("a𝒳b");
    expect(parts.filter((part) => part !== "")).toEqual(["a", "𝒳", "b"]);
    expect(parts.indexOf("𝒳")).toBeGreaterThan(1);
  });

  test("gives special tokens nothing", () => {
    const ids = Uint32Array.of(1, ...tokenizer.encode("hi"), 2);
    expect(slices("hi", ids).join("|")).toMatch(/^\|h?\|?i|hi\|$/);
    expect(slices("hi", ids).at(0)).toBe("");
    expect(slices("hi", ids).at(-1)).toBe("");
  });

  test("has one boundary for no tokens", () => {
    expect(tokenOffsets(tokenizer, new Uint32Array(), "")).toEqual(Uint32Array.of(0));
  });

  test("slices of any text join to the text, in order", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 80 }),
      fc.string({ unit: "grapheme", maxLength: 60 }),
      // Bytes without a token, and lone surrogates.
      fc
        .array(fc.constantFrom("a", " b", "\u0004", "\u{50000}", "\ud800", "é", "\u001d"))
        .map((p) => p.join("")),
    );
    fc.assert(
      fc.property(text, (sample) => {
        const ids = tokenizer.encode(sample);
        fc.pre(ids.length > 0);
        const boundaries = tokenOffsets(tokenizer, ids, sample);
        expect(boundaries.length).toBe(ids.length + 1);
        expect([...boundaries]).toEqual([...boundaries].sort((a, b) => a - b));
        expect(slices(sample).join("")).toBe(sample);
      }),
      { seed: 2, numRuns: 500 },
    );
  });

  test.each([
    ["Hello", "Hallo"],
    ["Hello", "Hello there"],
    ["Hello there", "Hello"],
  ])("refuses the ids of %j for %j", (encoded, text) => {
    const ids = tokenizer.encode(encoded);
    expect(() => tokenOffsets(tokenizer, ids, text)).toThrow(RangeError);
  });

  test("leaves out the space SentencePiece puts before a text", () => {
    const sentencePiece = loadTokenizer({
      model: {
        type: "BPE",
        vocab: { "▁": 0, a: 1, b: 2, "▁a": 3, "▁b": 4 },
        merges: ["▁ a", "▁ b"],
      },
      pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always" },
      decoder: { type: "Metaspace", replacement: "▁", prepend_scheme: "always" },
    });
    const ids = sentencePiece.encode("a b");
    expect([...ids]).toEqual([3, 4]);
    expect([...tokenOffsets(sentencePiece, ids, "a b")]).toEqual([0, 1, 3]);
  });
});
