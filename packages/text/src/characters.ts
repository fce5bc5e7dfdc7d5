/**
 * Characters that do not show, and characters that show as others. Sources: Unicode 16, chapters 9,
 * 12 and 23 (joiners, layout controls); UTS 51 (emoji sequences); UTS 39 (confusables).
 */
export type FindingKind =
  | "bom"
  | "newline"
  | "control"
  | "space"
  | "zero-width"
  | "surrogate"
  | "homoglyph"
  | "styled"
  | "nfc";

/** Replaces every match of `pattern`. */
export interface Rule {
  readonly kind: FindingKind;
  readonly pattern: RegExp;
  readonly replacement: string;
}

/** Scripts that write words with joiners (Unicode 16, 9.2, 12.1 and 23.2). */
const JOINING = [
  ..."Arab Syrc Mand Nkoo Mong Phag Deva Beng Guru Gujr Orya Taml Telu Knda Mlym Sinh".split(" "),
  ..."Khmr Mymr Tibt Bali Java Laoo Thai Lana Tglg".split(" "),
]
  .map((script) => `\\p{scx=${script}}`)
  .join("");
const RIGHT_TO_LEFT = "\\p{scx=Arab}\\p{scx=Hebr}\\p{scx=Syrc}\\p{scx=Thaa}\\p{scx=Nkoo}";
const EAST_ASIAN =
  "\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}\\p{sc=Hang}\\p{sc=Bopo}\\u3000-\\u303f\\uff00-\\uffef";
const EMOJI_END = "\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f\\u{e007f}";

function remove(kind: FindingKind, pattern: string): Rule {
  return { kind, pattern: new RegExp(pattern, "gu"), replacement: "" };
}

/** A joiner is wanted inside an emoji, or between two letters of a joining script. */
const JOINER =
  `[\\u200c\\u200d](?:(?<![${EMOJI_END}${JOINING}].)|(?<=[${JOINING}].)(?![${JOINING}]))|` +
  `(?:\\u200c|\\u200d(?!\\p{Extended_Pictographic}))(?<=[${EMOJI_END}].)`;

/**
 * Applied in this order. Patterns start with the character itself and look behind after it: the
 * search for a rare character is fast, a look-behind at every place is not.
 */
export const RULES: readonly Rule[] = [
  { kind: "surrogate", pattern: /\p{Surrogate}/gu, replacement: "\ufffd" },
  remove("bom", "^\\ufeff"),
  { kind: "newline", pattern: /\r\n?|[\v\f\u0085\u2028\u2029]/g, replacement: "\n" },
  remove("control", "[\\0-\\x08\\x0e-\\x1f\\x7f-\\x9f]"),
  {
    kind: "space",
    pattern: new RegExp(
      "[\\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f]|" +
        `\\u3000(?<![${EAST_ASIAN}].)(?![${EAST_ASIAN}])`,
      "gu",
    ),
    replacement: " ",
  },
  // Soft hyphen, grapheme joiner, word joiner, invisible operators, annotation and musical controls.
  remove(
    "zero-width",
    "[\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u200b\\u2060-\\u2065\\u206a-\\u206f" +
      "\\u3164\\ufeff\\uffa0\\ufff0-\\ufffb\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}]",
  ),
  remove("zero-width", JOINER),
  remove(
    "zero-width",
    `[\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069](?<![${RIGHT_TO_LEFT}].)(?![${RIGHT_TO_LEFT}])`,
  ),
  // Variation selectors select after a symbol or an ideograph; elsewhere they can carry data.
  remove(
    "zero-width",
    "[\\ufe00-\\ufe0f](?<![\\p{Emoji}\\p{S}\\p{sc=Han}\\p{sc=Mong}\\p{sc=Phag}\\p{sc=Mymr}].)",
  ),
  remove("zero-width", "[\\u{e0100}-\\u{e01ef}](?<!\\p{sc=Han}.)"),
  // Tags spell the region of a flag; elsewhere they can carry text.
  remove("zero-width", "[\\u{e0000}-\\u{e007f}](?<!\\u{1f3f4}[\\u{e0020}-\\u{e007e}]*.)"),
];

const EAST_ASIAN_LETTER =
  "\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}\\p{sc=Hang}\\p{sc=Bopo}\\u3000-\\u303f";

/**
 * Runs of letters that Unicode keeps apart for their style alone: wide forms away from East Asian text, words in
 * mathematical alphabets (a single letter is mathematics), and the ligatures that PDF files put in place of letters.
 */
export const STYLED = new RegExp(
  `(?<![${EAST_ASIAN_LETTER}\\uff01-\\uff5e])[\\uff01-\\uff5e]+(?![${EAST_ASIAN_LETTER}\\uff01-\\uff5e])|` +
    "[\\u{1d400}-\\u{1d7ff}]{3,}|[\\ufb00-\\ufb06]",
  "gu",
);

/** Text without one has no run for `STYLED`, whose look-behind is slow. */
export const MAYBE_STYLED = /[\uff01-\uff5e\ufb00-\ufb06\u{1d400}-\u{1d7ff}]/u;

/** Any character a rule may be about: text without one needs no rule. */
export const SUSPICIOUS =
  /[\p{Surrogate}\p{Cf}\0-\x08\x0b-\x1f\x7f-\x9f\u00a0\u034f\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200a\u2028\u2029\u202f\u205f\u2065\u3000\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufffb\u{e0000}-\u{e01ef}]/u;

const LOOK_ALIKES: readonly (readonly [foreign: string, latin: string])[] = [
  // Cyrillic
  ["асԁеһіјӏорԛѕԝхуАВСЕНІЈКМӀОРԚЅТԜХУ", "acdehijlopqswxyABCEHIJKMIOPQSTWXY"],
  ["ёїЁЇ", "ëïËÏ"],
  // Greek. Small alpha, nu and rho stay: science puts them inside Latin words.
  ["οϲϳΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ocjABEZHIKMNOPTYX"],
];

/** Cyrillic and Greek letters that print like a Latin one (UTS 39, near-identical ones only). */
export const HOMOGLYPHS: ReadonlyMap<string, string> = new Map(
  LOOK_ALIKES.flatMap(([foreign, latin]) => [...foreign].map((letter, i) => [letter, latin[i]])),
);
