/** The head of a report: verdict, warnings, key figures, and what they mean. */
import { NULL_HYPOTHESIS, WHAT_A_REJECTION_SAYS } from "@verdigris/detector";
import { compact, count, escapeMarkup, plural } from "@verdigris/survival/page";
import type { Setting } from "../formats/format.js";
import { inWords, power } from "../formats/words.js";
import type { ScoreResult, Scored } from "../scoring.js";
import type { Kept } from "./collect.js";
import type { ReportInput, Section } from "./input.js";

const TITLES = {
  detected: "Detected",
  "not-detected": "Not detected",
  "too-short": "Too short",
} as const;

/** The verdict, before everything else. */
export function verdictMarkup({ result, setting, analysis, kept }: ReportInput): string {
  const { pooled } = result;
  const { count: counted, evidence, log10P } = pooled.verdict;
  const sentence =
    counted.n === 0
      ? ""
      : `<p class="small">If the text were independent of the key, evidence at least this strong would appear with probability ${power(log10P)}. That is not the probability that the text is unmarked. z = ${evidence.zScore.toFixed(1)}, for display only.</p>\n`;
  const spans = analysis.documents.reduce((sum, document) => sum + document.spans.length, 0);
  const about = `${source(result)}, for the mark of key ${setting.keyId}`;
  return `<p class="about">${escapeMarkup(about)}</p>
<section class="verdict ${pooled.kind}" aria-labelledby="verdict">
<h2 id="verdict">${TITLES[pooled.kind]}</h2>
<p>${escapeMarkup(withoutTitle(inWords(pooled, setting)))}</p>
${sentence}</section>
${warnings(result, setting, kept)}<dl class="facts">
${facts(pooled, setting, spans).map(fact).join("\n")}
</dl>`;
}

function source({ files }: ScoreResult): string {
  return files.length === 1 ? files[0].name : `${count(files.length)} files`;
}

/** "Detected: the text …" under a heading that says the first word. */
function withoutTitle(sentence: string): string {
  const rest = sentence.slice(sentence.indexOf(": ") + 2);
  return rest.slice(0, 1).toUpperCase() + rest.slice(1);
}

type Fact = readonly [name: string, value: string, explanation: string];

function facts({ verdict }: Scored, setting: Setting, spans: number): readonly Fact[] {
  const { alpha, count: counted, decoys, log10P } = verdict;
  const keys = (decoys?.keys ?? 0) + 1;
  return [
    ["p-value", power(log10P), `held against α = ${alpha}`],
    [
      setting.law === "bernoulli" ? "green rate" : "mean score",
      counted.n === 0 ? "–" : (counted.sum / counted.n).toFixed(3),
      `${compact(setting.nullMean)} without the mark`,
    ],
    ["scored", count(counted.n), `of ${plural(counted.tokens, "token")}`],
    decoys === null
      ? ["rank among keys", "–", "no decoy test"]
      : ["rank among keys", count(Math.round(decoys.p * keys)), `of ${keys}, ${keys - 1} decoys`],
    ["marked spans", String(spans), spans === 0 ? "none found" : "numbered in the text"],
  ];
}

function fact([name, value, explanation]: Fact): string {
  const [dt, dd, small] = [name, value, explanation].map(escapeMarkup);
  return `<div><dt>${dt}</dt><dd>${dd}<small>${small}</small></dd></div>`;
}

function warnings({ pooled, problems }: ScoreResult, setting: Setting, kept: Kept): string {
  const all = [...setting.warnings, ...pooled.verdict.warnings];
  if (problems.length > 0) all.push(`${plural(problems.length, "record")} could not be used`);
  const looked = kept.documents.reduce((sum, { tokens }) => sum + tokens.length, 0);
  if (looked < kept.tokenCount) {
    all.push(
      `the text, the spans and the running evidence below are of the first ${count(looked)} of ${plural(kept.tokenCount, "token")}; the verdict is on all`,
    );
  }
  if (all.length === 0) return "";
  const items = all.map((text) => `<li>${escapeMarkup(text)}</li>`).join("\n");
  return `<section class="warnings" aria-labelledby="warnings">\n<h2 id="warnings">Warnings</h2>\n<ul>\n${items}\n</ul>\n</section>\n`;
}

/** What was tested, and what the answer says. */
export function meaning(): Section {
  const [says, not, never] = WHAT_A_REJECTION_SAYS.split(/(?<=\.) (?=It does not|"Not)/);
  return {
    id: "meaning",
    heading: "What was tested, and what the answer means",
    body: `<p><strong>Null hypothesis:</strong> ${escapeMarkup(NULL_HYPOTHESIS)} The test asks how likely it is that chance alone would favour this key so much.</p>
<div class="says">
<div><h3>A rejection says</h3><p>${escapeMarkup(says)}</p></div>
<div><h3>It does not say</h3><p>${escapeMarkup([not, never].filter(Boolean).join(" "))}</p></div>
</div>
<p>The verdict rests on this one test. The spans and the running evidence below are tests of their own, each at its own α: they show where and when, and decide nothing.</p>`,
  };
}
