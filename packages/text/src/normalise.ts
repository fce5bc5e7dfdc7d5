/**
 * Suspect text as a model would have written it: what editors, web pages and evaders put between
 * the characters is removed, so that the tokens are those the generator chose.
 */
import { HOMOGLYPHS, RULES, type Rule, SUSPICIOUS } from "./characters.js";

export type FindingKind =
  | "bom"
  | "newline"
  | "control"
  | "space"
  | "zero-width"
  | "surrogate"
  | "homoglyph"
  | "nfc";

/** One kind of repair. Expected, not an error: a report shows it. */
export interface Finding {
  readonly kind: FindingKind;
  /** Characters removed or replaced, at least 1; for "nfc" the texts recomposed. */
  readonly count: number;
  readonly message: string;
}

export interface Normalised {
  readonly text: string;
  /** Empty if and only if `text` came back unchanged. */
  readonly findings: readonly Finding[];
}

const MESSAGES: Readonly<Record<FindingKind, (n: string, s: string) => string>> = {
  bom: () => "removed a byte order mark",
  newline: (n, s) => `turned ${n} foreign line break${s} into \\n`,
  control: (n, s) => `removed ${n} control character${s}`,
  space: (n, s) =>
    `turned ${n} exotic space${s} into ${s === "" ? "a plain space" : "plain spaces"}`,
  "zero-width": (n, s) => `removed ${n} zero-width character${s}`,
  surrogate: (n, s) => `replaced ${n} lone surrogate${s} by U+FFFD`,
  homoglyph: (n, s) => `turned ${n} look-alike letter${s} inside Latin words into Latin`,
  nfc: () => "recomposed accented characters (Unicode NFC)",
};

/** ASCII text with \n and tabs needs no look at the rules. */
const NOT_PLAIN = /[^\t\n\x20-\x7e]/;

function applyRule(text: string, rule: Rule, counts: Map<FindingKind, number>): string {
  let count = 0;
  const replaced = text.replace(rule.pattern, () => {
    count++;
    return rule.replacement;
  });
  if (count > 0) counts.set(rule.kind, (counts.get(rule.kind) ?? 0) + count);
  return replaced;
}

/** A word mixed of Latin letters and their look-alikes, and of no other foreign letter. */
function latinised(word: string): string {
  const latin = word.match(/\p{Script=Latin}/gu)?.length ?? 0;
  const foreign = word.match(/[\p{Script=Cyrillic}\p{Script=Greek}]/gu) ?? [];
  const disguised = latin > 0 && foreign.every((letter) => HOMOGLYPHS.has(letter));
  if (!disguised || latin < foreign.length) return word;
  return word.replace(
    /[\p{Script=Cyrillic}\p{Script=Greek}]/gu,
    (letter) => HOMOGLYPHS.get(letter) ?? letter,
  );
}

const MIXED_LETTERS = /[\p{Script=Cyrillic}\p{Script=Greek}]/u;

function mapHomoglyphs(text: string, counts: Map<FindingKind, number>): string {
  if (!MIXED_LETTERS.test(text)) return text;
  let count = 0;
  const mapped = text.replace(/[\p{L}\p{M}]+/gu, (word) => {
    const latin = latinised(word);
    for (let i = 0; i < word.length; i++) if (word[i] !== latin[i]) count++;
    return latin;
  });
  if (count > 0) counts.set("homoglyph", (counts.get("homoglyph") ?? 0) + count);
  return mapped;
}

function pass(text: string, counts: Map<FindingKind, number>): string {
  let next = text;
  if (SUSPICIOUS.test(text)) for (const rule of RULES) next = applyRule(next, rule, counts);
  next = mapHomoglyphs(next, counts);
  const composed = next.normalize("NFC");
  if (composed !== next) counts.set("nfc", 1);
  return composed;
}

function toFinding([kind, count]: readonly [FindingKind, number]): Finding {
  return { kind, count, message: MESSAGES[kind](String(count), count === 1 ? "" : "s") };
}

/**
 * Normalises `text` and says what was changed. Idempotent; plain ASCII comes back as the same string.
 *
 * Joiners stay where a script or an emoji needs them, directional marks beside right-to-left
 * letters, wide spaces beside East Asian text. Cyrillic and Greek look-alikes are mapped only inside
 * a word that is otherwise Latin.
 */
export function normalise(text: string): Normalised {
  if (!NOT_PLAIN.test(text)) return { text, findings: [] };
  const counts = new Map<FindingKind, number>();
  let current = text;
  // A repair can expose another: a removed character brings a letter and its accent together.
  for (let next = pass(current, counts); next !== current; next = pass(current, counts)) {
    current = next;
  }
  return { text: current, findings: [...counts].map(toFinding) };
}
