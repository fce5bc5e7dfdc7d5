/** The text with its tokens as markup. */
import type { MarkedSpan } from "@verdigris/detector";
import { escapeMarkup } from "@verdigris/survival/page";
import type { Analysis, DocumentView } from "./analysis.js";

/** Tokens a report shows; a longer text is cut, and says so. */
export const SHOWN = 10_000;

/** What a token's score says; the CSS class of its element. */
export type TokenState = "for" | "against" | "unscored";

/** Stands for a token that covers no whole character. */
const COVERS_NOTHING = "▯";

/** How a token bears on the mark: a score above its mean without the mark speaks for it. */
export function stateOf(score: number, nullMean: number): TokenState {
  if (Number.isNaN(score)) return "unscored";
  return score > nullMean ? "for" : "against";
}

/** A document's tokens as far as `room` goes, between its name and what is cut; the marked spans are numbered from `first`. */
export function documentMarkup(
  document: DocumentView,
  analysis: Analysis,
  { nullMean, room, first }: { nullMean: number; room: number; first: number },
): string {
  const { name, start, tokens, spans } = document;
  const words = tokens.map((given, i) => ({ given, read: document.read[i] }));
  const shown = Math.min(tokens.length, room);
  const states = Array.from({ length: shown }, (_, i) =>
    stateOf(analysis.scores[start + i], nullMean),
  );
  const parts: string[] = [];
  let at = 0;
  spans.forEach((span, i) => {
    if (span.start >= shown) return;
    // The likeliest ends of two neighbours can overlap; a token is shown once.
    const from = Math.max(at, span.start);
    const to = Math.max(from, Math.min(span.end, shown));
    parts.push(run(words, states, { from: at, to: from }));
    parts.push(mark(run(words, states, { from, to }), first + i));
    at = to;
  });
  parts.push(run(words, states, { from: at, to: shown }));
  const cut = shown === tokens.length ? "" : `\n<p class="cut">Cut here, within this document.</p>`;
  return `<h3>${escapeMarkup(name)}</h3>\n<div class="tokens">${parts.join("")}</div>${cut}`;
}

function mark(tokens: string, number: number): string {
  return `<mark><a href="#spans" aria-label="Marked span ${number}">${number}</a>${tokens}</mark>`;
}

interface Word {
  readonly given: string;
  readonly read: string;
}

function run(
  words: readonly Word[],
  states: readonly TokenState[],
  { from, to }: { from: number; to: number },
): string {
  return words
    .slice(from, to)
    .map((word, i) => tokenMarkup(word, states[from + i]))
    .join("");
}

function tokenMarkup({ given, read }: Word, state: TokenState): string {
  if (given === read)
    return `<span class="${state}">${given === "" ? COVERS_NOTHING : escapeText(given)}</span>`;
  const title = `read as “${escapeMarkup(read.replaceAll("\n", "⏎"))}”`;
  return `<span class="${state}" title="${title}">${changedMarkup(given)}</span>`;
}

/** Characters that leave no trace on a page: controls, joiners, directional marks and their like. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** A token that normalisation changed: what cannot be seen is named, as it may have been put there to hide a mark. */
function changedMarkup(given: string): string {
  return Array.from(given, (character) => {
    if (character === "\n" || !UNSEEN.test(character)) return escapeText(character);
    const code = character.codePointAt(0) as number;
    return `<i>U+${code.toString(16).toUpperCase().padStart(4, "0")}</i>`;
  }).join("");
}

/** Line breaks are the text's own here. */
function escapeText(text: string): string {
  return text.split("\n").map(escapeMarkup).join("\n");
}

/** The first words of a span. */
export function opening({ tokens }: DocumentView, { start, end }: MarkedSpan): string {
  const text = tokens
    .slice(start, Math.min(end, start + 16))
    .join("")
    .replace(/\s+/g, " ")
    .trim();
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
