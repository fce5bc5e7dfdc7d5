import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { normalise } from "@verdigris/text";
import { HOMOGLYPHS, RULES, SUSPICIOUS } from "../src/characters.js";

const kinds = (text: string): string[] => normalise(text).findings.map(({ kind }) => kind);

/** Strings dense in what the rules are about. */
const awkward = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(..."aeбоеοΑאم我ক\u094dक1 .\n\r\t\f😀👩❤🏴") },
      {
        weight: 3,
        arbitrary: fc.constantFrom(
          ..."\u200b\u200c\u200d\u200e\u202e\ufeff\u00a0\u3000\u00ad\u0301\ufe0f\u034f\u0085\u2028",
          "\u{e0061}",
          "\u{e007f}",
          "\u{e0100}",
          "\ud800",
          "\0",
        ),
      },
      { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 2 }) },
    ),
    { maxLength: 30 },
  )
  .map((pieces) => pieces.join(""));

describe("normalise", () => {
  test("gives clean text back as it is", () => {
    const text = "Plain text, with a tab\tand two\n\nline breaks.";
    expect(normalise(text)).toEqual({ text, findings: [] });
  });

  test("says what it did", () => {
    const text = `wa${"\u200b".repeat(14)}ter\r\nmark\u00a0`;
    expect(normalise(text)).toEqual({
      text: "water\nmark ",
      findings: [
        { kind: "newline", count: 1, message: "turned 1 foreign line break into \\n" },
        { kind: "space", count: 1, message: "turned 1 exotic space into a plain space" },
        { kind: "zero-width", count: 14, message: "removed 14 zero-width characters" },
      ],
    });
  });

  test.each([
    ["bom", "\ufefftext", "text"],
    ["newline", "a\r\nb\rc\u2028d\fe", "a\nb\nc\nd\ne"],
    ["control", "a\u0000b\u001bc\u007fd", "abcd"],
    ["space", "a\u00a0b\u2009c\u3000d", "a b c d"],
    ["zero-width", "a\u200bb\u2060c\u00add\ufeffe\u202ef", "abcdef"],
    ["zero-width", "hidden\u{e0068}\u{e0069}", "hidden"],
    ["zero-width", "data\ufe01\ufe02\u{e0101}", "data"],
    ["surrogate", "a\ud800b", "a\ufffdb"],
    ["homoglyph", "p\u0430ss\u0440ort \u0422he", "passport The"],
    ["nfc", "cafe\u0301", "café"],
  ])("repairs %s in %j", (kind, text, expected) => {
    expect(normalise(text).text).toBe(expected);
    expect(kinds(text)).toContain(kind);
  });

  test.each([
    ["a family of emoji", "👩‍👩‍👧 and ❤️‍🔥"],
    ["the flag of England", "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}"],
    ["Persian with a non-joiner", "می\u200cخواهم"],
    ["Hindi with a joiner", "क्\u200dष"],
    ["a mark of direction in Hebrew", "שלום\u200f!"],
    ["Chinese with wide spaces", "\u3000我们\u3000好"],
    ["Russian", "Привет, Хосе"],
    ["Greek letters of science", "TNFα and hν of μm"],
    ["curly quotes, dashes and accents", "“naïve” — Ünïcödé…"],
  ])("leaves %s alone", (_, text) => {
    expect(normalise(text)).toEqual({ text, findings: [] });
  });

  test("a removed character brings a letter and its accent together", () => {
    expect(normalise("e\u200b\u0301").text).toBe("é");
  });

  test("is idempotent, and finds nothing exactly when it changes nothing", () => {
    fc.assert(
      fc.property(awkward, (text) => {
        const once = normalise(text);
        expect(normalise(once.text)).toEqual({ text: once.text, findings: [] });
        expect(once.findings.length === 0).toBe(once.text === text);
        expect(once.text).toBe(once.text.normalize("NFC"));
        for (const { count } of once.findings) expect(count).toBeGreaterThan(0);
      }),
      { seed: 3, numRuns: 3000 },
    );
  });

  test("the quick look misses no character a rule would change", () => {
    for (let code = 0; code < 0xe2000; code = code === 0x1ffff ? 0xe0000 : code + 1) {
      const text = `a${String.fromCodePoint(code)}b`;
      if (SUSPICIOUS.test(text)) continue;
      for (const { pattern, replacement } of RULES) {
        if (text.replace(pattern, replacement) !== text) throw new Error(code.toString(16));
      }
    }
  });

  test("look-alikes are Cyrillic or Greek, what they become is Latin", () => {
    expect(HOMOGLYPHS.size).toBe(54);
    for (const [foreign, latin] of HOMOGLYPHS) {
      expect(foreign).toMatch(/^[\p{Script=Cyrillic}\p{Script=Greek}]$/u);
      expect(latin).toMatch(/^\p{Script=Latin}$/u);
    }
  });
});
