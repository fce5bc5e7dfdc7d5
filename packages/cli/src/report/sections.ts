/** The sections of a report that follow the text. */
import {
  type Column,
  compact,
  count,
  escapeMarkup,
  figure,
  plural,
  type Table,
  table,
} from "@verdigris/survival/page";
import { figures } from "../formats/words.js";
import type { PeerScored } from "../peer-scores.js";
import type { Scored } from "../scoring.js";
import type { Listed } from "../spool.js";
import { decoyChart, evidenceChart } from "./charts.js";
import type { ReportInput, Section } from "./input.js";
import { opening } from "./tokens.js";

/** Rows of a table at most; the machine-readable formats have all. */
const ROWS = 200;

const text = (head: string): Column => ({ head, numeric: false, detail: false });
const number = (head: string): Column => ({ head, numeric: true, detail: false });

/** Where the mark is. */
export function spansSection({ analysis, setting }: ReportInput): Section {
  const rows = analysis.documents
    .flatMap((document) => document.spans.map((span) => ({ document, span })))
    .map(({ document, span }, i) => [
      String(i + 1),
      document.name,
      `${span.start + 1} [${span.startInterval[0] + 1}, ${span.startInterval[1] + 1}]`,
      `${span.end} [${span.endInterval[0]}, ${span.endInterval[1]}]`,
      document.places === null
        ? "–"
        : `${document.places[span.start] + 1} to ${document.places[span.end]}`,
      span.log10P.toFixed(1),
      (span.evidence.sum / span.evidence.n).toFixed(3),
      opening(document, span),
    ]);
  const limit = compact(analysis.spanAlpha);
  const intro = `The chance that any span is named in a document without the mark is at most ${limit}${analysis.documents.length > 1 ? " (α over all documents)" : ""}. Ends are the most likely ones, with 95 % credible intervals.`;
  const rate = setting.law === "bernoulli" ? "green rate" : "mean score";
  const caption =
    "Marked spans, in tokens of their document and in characters (UTF-16 units) of its text as it was given";
  const columns = [
    text("span"),
    text("document"),
    number("first token"),
    number("last token"),
    text("characters"),
    number("log10 p"),
    number(rate),
    text("opening words"),
  ];
  const body =
    rows.length === 0
      ? `<p>No part of the text stands out as marked. ${escapeMarkup(intro)}</p>`
      : `<p>${escapeMarkup(intro)}</p>\n${limited({ caption, columns, rows }, "spans")}`;
  return { id: "spans", heading: "Marked spans", body };
}

/** Evidence as it grew. */
export function evidenceSection({ analysis, result, setting }: ReportInput): Section {
  const { alpha } = result.pooled.verdict;
  const { log10E } = analysis;
  const at = log10E.findIndex((value) => value >= -Math.log10(alpha));
  const crossing = at === -1 ? null : at + 1;
  const end = log10E.at(-1) ?? 0;
  const line = compact(-Math.log10(alpha));
  const outcome =
    crossing === null
      ? `It never reached ${line}`
      : `It first reached ${line} after ${plural(crossing, "token")}`;
  const label = `Running evidence: log10 E over ${plural(log10E.length, "token")}. ${outcome}; at the end it is ${end.toFixed(1)}.`;
  return {
    id: "evidence",
    heading: "Evidence as the text goes on",
    body: `${figure(evidenceChart(log10E, { alpha, label, crossing }), label)}
<p>E is an e-process, valid at any time: in a text without the mark the chance that it ever reaches 1/α is at most α, however often one looks. It is a second test beside the verdict, which looks once, at the end, and is more powerful for that.${
      setting.weights === undefined
        ? ""
        : " The verdict weighs positions; this plot, the colours of tokens and the spans count them alike."
    }</p>`,
  };
}

/** The text among decoy keys. */
export function decoySection({ kept, result }: ReportInput): Section {
  const { decoys, evidence } = result.pooled.verdict;
  const heading = "The same text under other keys";
  if (decoys === null || kept.decoyZ.length === 0) {
    const body =
      "<p>No decoy test was made: none was asked for, nothing was scored, or the text is longer than the test keeps.</p>";
    return { id: "decoys", heading, body };
  }
  const own = evidence.zScore;
  const least = kept.decoyZ.reduce((a, b) => Math.min(a, b));
  const most = kept.decoyZ.reduce((a, b) => Math.max(a, b));
  const label = `Decoy keys: z of this text under ${decoys.keys} other keys, and under the key in question. Theirs run from ${least.toFixed(1)} to ${most.toFixed(1)}; its own is ${own.toFixed(1)}.`;
  return {
    id: "decoys",
    heading,
    body: `${figure(decoyChart(kept.decoyZ, { own, label }), label)}
<p>Decoy keys are derived from the key in question: whoever holds it can repeat this, and nobody else can write a text that they like. The key in question ranks at p = ${decoys.p.toPrecision(2)} among them, exact whatever the dependence inside the text; ${decoys.keys} keys can show no less than ${compact(1 / (decoys.keys + 1))}. The variance of z over them is ${decoys.varianceInflation.toFixed(2)}; near 1, positions count as independent.</p>`,
  };
}

/** Verdicts on each file and document, where there are several. */
export function familySections({ result }: ReportInput): readonly Section[] {
  const { files, documents } = result;
  return [
    ...(files.length > 1 ? [family("file", files)] : []),
    ...(documents.length > 0 ? [family("document", documents)] : []),
  ];
}

function family(what: string, tests: Listed<Scored>): Section {
  const caption = `Each ${what}; log10 p is corrected by Holm's method for ${plural(tests.length, what)}`;
  const columns = [text(what), text("verdict"), number("log10 p"), number("scored")];
  const rows = verdictRows(tests);
  return {
    id: `${what}s`,
    heading: `Verdict on each ${what}`,
    body: limited({ caption, columns, rows }, `${what}s`),
  };
}

function* verdictRows(tests: Listed<Scored>): Generator<readonly string[]> {
  for (const { name, kind, verdict, log10PAdjusted } of tests)
    yield [name, kind, log10PAdjusted.toFixed(2), count(verdict.count.n)];
}

/** What the mark's own project would print, if that was asked for. */
export function peerSection({ result }: ReportInput): readonly Section[] {
  if (result.peers.length === 0) return [];
  const caption = "Figures of the mark's own project, its defects included";
  const columns = [text("document"), text("figure"), text("value")];
  const body = limited({ caption, columns, rows: peerRows(result.peers) }, "peers");
  return [{ id: "peers", heading: "As the mark's own project would print it", body }];
}

function* peerRows(peers: Iterable<PeerScored>): Generator<readonly string[]> {
  for (const { name, report } of peers) {
    if ("refused" in report) {
      yield [name, "refused", report.refused];
      continue;
    }
    for (const [figured, value] of Object.entries(report.figures))
      yield [name, figured, String(value)];
    for (const caveat of report.caveats) yield [name, "differs because", caveat];
  }
}

/** Everything needed to repeat it. */
export function recordSection({ result, setting, record }: ReportInput): Section {
  const rows = [...figures(result.pooled, setting), ...record].map((row) => [...row]);
  const caption = "Figures, settings and digests";
  return {
    id: "record",
    heading: "Record",
    body: `${table({ caption, columns: [text("what"), text("value")], rows }, "record")}
<p>This page holds no date, loads nothing and runs only the script that its own policy names by hash. The same input, settings and version give the same page byte for byte.</p>`,
  };
}

/** The first rows of a table; of the others only that there are some. */
function limited(
  all: Omit<Table, "rows"> & { readonly rows: Iterable<readonly string[]> },
  id: string,
): string {
  const shown: (readonly string[])[] = [];
  let cut = "";
  for (const row of all.rows) {
    if (shown.length === ROWS) {
      cut = `\n<p class="cut">Cut after ${ROWS} rows; --format csv and json have all.</p>`;
      break;
    }
    shown.push(row);
  }
  return `${table({ ...all, rows: shown }, id)}${cut}`;
}
