/**
 * Suspect text as a model would have written it: what editors, web pages and evaders put between
 * the characters is removed, so that the tokens are those the generator chose.
 */
import {
  type FindingKind,
  HOMOGLYPHS,
  MAYBE_STYLED,
  RULES,
  STYLED,
  SUSPICIOUS,
} from "./characters.js";
import { type Edit, TracedText } from "./edits.js";

/** One kind of repair. Expected, not an error: a report shows it. */
export interface Finding {
  readonly kind: FindingKind;
  /** Characters removed or replaced, at least 1; for "nfc" the texts recomposed. */
  readonly count: number;
  readonly message: string;
}

export interface Normalised {
  readonly text: string;
  /** Where each code unit of `text` stood in the original: [a, b) came from [offsets[a], offsets[b]). (length + 1) */
  readonly offsets: Uint32Array;
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
  styled: (n, s) => `turned ${n} styled letter${s} (wide, mathematical, joined) into plain ones`,
  nfc: () => "recomposed accented characters (Unicode NFC)",
};

/** ASCII text with \n and tabs needs no look at the rules. */
const NOT_PLAIN = /[^\t\n\x20-\x7e]/;

/** Finds what `pattern` matches and `replace` changes. */
function editsOf(
  text: string,
  pattern: RegExp,
  replace: (match: string) => string,
): readonly Edit[] {
  const edits: Edit[] = [];
  for (const { 0: match, index: start } of text.matchAll(pattern)) {
    const replaced = replace(match);
    if (replaced !== match) edits.push({ start, end: start + match.length, text: replaced });
  }
  return edits;
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

/** A character with what may compose with it: composing the whole text is composing each. */
const CLUSTER = /[^\p{M}\u1160-\u11ff][\p{M}\u1160-\u11ff]+/gsu;

/** Characters that changed, given that an edit writes as many as it reads. */
function changed(text: string, { start, text: after }: Edit): number {
  return [...after].filter((letter, i) => letter !== text[start + i]).length;
}

function pass(traced: TracedText, counts: Map<FindingKind, number>): void {
  const found = (kind: FindingKind, count: number): void => {
    if (count > 0) counts.set(kind, (counts.get(kind) ?? 0) + count);
  };
  if (SUSPICIOUS.test(traced.text)) {
    for (const { kind, pattern, replacement } of RULES) {
      const edits = editsOf(traced.text, pattern, () => replacement);
      found(kind, edits.length);
      traced.apply(edits);
    }
  }
  if (MAYBE_STYLED.test(traced.text)) {
    const edits = editsOf(traced.text, STYLED, (run) => run.normalize("NFKC"));
    const letters = edits.map(({ start, end }) => Array.from(traced.text.slice(start, end)).length);
    found(
      "styled",
      letters.reduce((sum, count) => sum + count, 0),
    );
    traced.apply(edits);
  }
  if (MIXED_LETTERS.test(traced.text)) {
    const edits = editsOf(traced.text, /[\p{L}\p{M}]+/gu, latinised);
    const count = edits.reduce((sum, edit) => sum + changed(traced.text, edit), 0);
    found("homoglyph", count);
    traced.apply(edits);
  }
  const composed = traced.text.normalize("NFC");
  if (composed === traced.text) return;
  found("nfc", counts.has("nfc") ? 0 : 1);
  traced.apply(compositions(traced.text, composed));
}

/** Edits that compose `text`; in one piece where its clusters do not account for all. */
function compositions(text: string, composed: string): readonly Edit[] {
  const single = editsOf(text, /[^\0-\u02ff]/gu, (letter) => letter.normalize("NFC"));
  const clusters = editsOf(text, CLUSTER, (cluster) => cluster.normalize("NFC"));
  const inside = ({ start }: Edit): boolean =>
    clusters.some((cluster) => cluster.start <= start && start < cluster.end);
  const edits = [...clusters, ...single.filter((edit) => !inside(edit))].toSorted(
    (a, b) => a.start - b.start,
  );
  const trial = new TracedText(text);
  trial.apply(edits);
  return trial.text === composed ? edits : [{ start: 0, end: text.length, text: composed }];
}

function toFinding([kind, count]: readonly [FindingKind, number]): Finding {
  return { kind, count, message: MESSAGES[kind](String(count), count === 1 ? "" : "s") };
}

/**
 * Normalises `text` and says what was changed. Idempotent; plain ASCII comes back as the same string.
 *
 * Joiners stay where a script or an emoji needs them, directional marks beside right-to-left
 * letters, wide spaces and wide letters beside East Asian text. Cyrillic and Greek look-alikes are mapped only inside
 * a word that is otherwise Latin.
 */
export function normalise(text: string): Normalised {
  const traced = new TracedText(text);
  const counts = new Map<FindingKind, number>();
  if (NOT_PLAIN.test(text)) {
    // A repair can expose another: a removed character brings a letter and its accent together.
    for (let before = ""; before !== traced.text;) {
      before = traced.text;
      pass(traced, counts);
    }
  }
  return {
    text: traced.text,
    get offsets() {
      return traced.offsets;
    },
    findings: [...counts].map(toFinding),
  };
}
