import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { type Normalised, normalise } from "@verdigris/text";
import { HOMOGLYPHS, RULES, SUSPICIOUS } from "../src/characters.js";

const read = (text: string): Pick<Normalised, "text" | "findings"> => {
  const { text: normalised, findings } = normalise(text);
  return { text: normalised, findings };
};

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
    expect(read(text)).toEqual({ text, findings: [] });
  });

  test("says what it did", () => {
    const text = `wa${"\u200b".repeat(14)}ter\r\nmark\u00a0`;
    expect(read(text)).toEqual({
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
    ["styled", "\uff48\uff45\uff4c\uff4c\uff4f there", "hello there"],
    ["styled", "a \u{1d41b}\u{1d428}\u{1d425}\u{1d41d} word", "a bold word"],
    ["styled", "e\ufb03cient \ufb01gures", "efficient figures"],
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
    ["Greek", "Το κόστος είναι ΟΚ, λέει ο Ξενοφών."],
    ["Arabic with marks", "قَالَ: «هٰذَا»، نَعَمْ؟"],
    ["Hindi with a non-joiner", "राम\u094d\u200cका"],
    ["Chinese with wide letters", "使用ＡＢＣ三家公司，（测试）！"],
    ["Japanese with half-width katakana", "ｶﾀｶﾅです"],
    ["Korean", "한국어 문장입니다."],
    ["a letter of mathematics", "Let \u{1d465} + \u{1d466} = 1"],
    ["flags and skin tones", "🇩🇪 👋🏽 🏳️‍🌈"],
    ["Greek letters of science", "TNFα and hν of μm"],
    ["curly quotes, dashes and accents", "“naïve” — Ünïcödé…"],
  ])("leaves %s alone", (_, text) => {
    expect(read(text)).toEqual({ text, findings: [] });
  });

  test("a removed character brings a letter and its accent together", () => {
    expect(normalise("e\u200b\u0301").text).toBe("é");
  });

  test("knows where each character stood", () => {
    const original = "\ufeffwa\u200b\u200bter\r\ncafe\u0301 p\u0430ss \ufb03 end\u00ad";
    const { text, offsets } = normalise(original);
    expect(text).toBe("water\ncafé pass ffi end");
    const from = (word: string): string => {
      const start = text.indexOf(word);
      return original.slice(offsets[start], offsets[start + word.length]);
    };
    expect(from("water")).toBe("wa\u200b\u200bter");
    expect(from("\n")).toBe("\r\n");
    expect(from("café")).toBe("cafe\u0301");
    expect(from("pass")).toBe("p\u0430ss");
    expect(from("ffi")).toBe("\ufb03");
    expect(from("end")).toBe("end\u00ad");
    expect([...normalise("plain").offsets]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("offsets rise from the first character kept to the length of the original", () => {
    fc.assert(
      fc.property(awkward, (text) => {
        const { text: normalised, offsets } = normalise(text);
        expect(offsets.length).toBe(normalised.length + 1);
        expect(offsets[normalised.length]).toBe(text.length);
        for (let i = 0; i < normalised.length; i++) {
          expect(offsets[i]).toBeLessThanOrEqual(offsets[i + 1]);
          // No rule turns one letter of ASCII into another.
          const [was, is] = [text[offsets[i]], normalised[i]];
          if (/[a-z1]/.test(was) && /[a-z1]/.test(is)) expect(is).toBe(was);
        }
      }),
      { seed: 4, numRuns: 2000 },
    );
  });

  test("is idempotent, and finds nothing exactly when it changes nothing", () => {
    fc.assert(
      fc.property(awkward, (text) => {
        const once = normalise(text);
        expect(read(once.text)).toEqual({ text: once.text, findings: [] });
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
