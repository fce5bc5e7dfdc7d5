/** The text of a report, token by token. */
import { count, escapeMarkup, plural } from "@verdigris/survival/page";
import type { Setting } from "../formats/format.js";
import type { Analysis } from "./analysis.js";
import type { ReportInput, Section } from "./input.js";
import { SHOWN, type TokenState, documentMarkup, stateOf } from "./tokens.js";

/** The states of tokens in words, for a mark of green lists or of scores. */
export function stateWords({ law }: Setting): Readonly<Record<TokenState, string>> {
  const [high, low] =
    law === "bernoulli"
      ? ["green: speaks for the mark", "red: speaks against it"]
      : [
          "score above its mean without the mark: speaks for it",
          "score below that mean: speaks against it",
        ];
  return {
    for: high,
    against: low,
    unscored: "not scored: repeated, from the prompt, the same under every key, or without context",
  };
}

/** The text with every token's colour. */
export function textSection(input: ReportInput): Section {
  const { setting, analysis } = input;
  const shown = Math.min(SHOWN, analysis.scores.length);
  const words = stateWords(setting);
  const samples = Object.entries(words)
    .map(([state, text]) => `<li><span class="${state}">token</span> ${escapeMarkup(text)}</li>`)
    .join("\n");
  const log10E = Array.from(analysis.log10E.subarray(0, shown), (e) => Number(e.toFixed(2)));
  const data = JSON.stringify({ words, log10E }).replaceAll("<", "\\u003c");
  return {
    id: "text",
    heading: "The text, token by token",
    body: `<p>${escapeMarkup(extent(input, shown))}</p>
<ul class="legend">
${samples}
<li><mark><b>1</b>tokens</mark> a marked span</li>
</ul>
<div class="text">
${documentsMarkup(input).join("\n")}
<div id="choose" hidden>
<button type="button" id="previous">Previous token</button>
<button type="button" id="next">Next token</button>
<output id="readout">Choose a token: these buttons, a click, or the arrow keys in the text.</output>
</div>
</div>
<script type="application/json" id="token-data">${data}</script>`,
  };
}

function documentsMarkup({ analysis, setting }: ReportInput): readonly string[] {
  let [room, first] = [SHOWN, 1];
  const parts: string[] = [];
  for (const document of analysis.documents) {
    if (room <= 0) break;
    parts.push(documentMarkup(document, analysis, { nullMean: setting.nullMean, room, first }));
    room -= document.tokens.length;
    first += document.spans.length;
  }
  return parts;
}

function extent({ analysis, setting, kept, result }: ReportInput, shown: number): string {
  const all = kept.tokenCount;
  const { repeated, prompt, keyless, noContext } = result.pooled.verdict.count.unscored;
  return [
    shown === all
      ? `All ${plural(all, "token")}.`
      : `The first ${count(shown)} of ${count(all)} tokens; the rest is cut from this view, not from the verdict.`,
    tallyWords(analysis, setting, shown),
    `In the whole, ${count(repeated)} were not scored as repeated, ${count(prompt)} as from the prompt, ${count(keyless)} as the same under every key and ${count(noContext)} for want of context.`,
    given(analysis),
  ].join(" ");
}

/** Which text is shown. */
function given({ documents }: Analysis): string {
  return documents.every(({ places }) => places !== null)
    ? "The text is shown as it was given. It was normalised before it was scored: characters that were removed are named where they cannot be seen, and a token that was changed says what it was read as."
    : "Where a text came with its tokens, or its tokens do not spell it, what the tokens spell is shown.";
}

function tallyWords({ scores }: Analysis, { nullMean, law }: Setting, shown: number): string {
  const states = { for: 0, against: 0, unscored: 0 };
  for (const score of scores.subarray(0, shown)) states[stateOf(score, nullMean)]++;
  const [high, low] = law === "bernoulli" ? ["green", "red"] : ["above the mean", "below it"];
  return `Shown: ${count(states.for)} ${high}, ${count(states.against)} ${low}, ${count(states.unscored)} not scored.`;
}
