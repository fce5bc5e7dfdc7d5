/** What a report says of the tokens it kept. T tokens kept, in the order in which they were scored. */
import { type Kernel, type Key, type Profile, type Scheme, bindScheme } from "@verdigris/core";
import { type MarkedSpan, Tally, localise, log10E } from "@verdigris/detector";
import type { Tokenizer } from "@verdigris/text";
import type { Kept, KeptDocument } from "./collect.js";
import { spelled } from "./spelling.js";

/** One document with what its tokens showed. */
export interface DocumentView {
  readonly name: string;
  /** Index of its first token among those kept. */
  readonly start: number;
  /** What each token covers of the text as it was given. (tokens) */
  readonly tokens: readonly string[];
  /** The same as it was scored, normalised. (tokens) */
  readonly read: readonly string[];
  /** Where each token starts in that text, UTF-16 units, and where the last ends; null if it was not given. (tokens + 1) */
  readonly places: Uint32Array | null;
  /** Marked spans, in tokens of the document. */
  readonly spans: readonly MarkedSpan[];
}

/** What the kept tokens showed. */
export interface Analysis {
  readonly documents: readonly DocumentView[];
  /** Score of each token; NaN where it was not scored. (T) */
  readonly scores: Float64Array;
  /** log10 of the e-process after each token. (T) */
  readonly log10E: Float64Array;
  /** α of the search for spans in one document: α over all documents, by Bonferroni. */
  readonly spanAlpha: number;
}

/** What an analysis needs besides the text. */
export interface AnalysisSetting {
  readonly profile: Profile;
  readonly key: Key;
  readonly kernel: Kernel;
  readonly alpha: number;
  /** null if there is none: tokens are then shown as their ids. */
  readonly tokenizer: Tokenizer | null;
}

/** Scores the kept documents again, token by token. */
export function analyse({ documents }: Kept, setting: AnalysisSetting): Analysis {
  const { profile, key, kernel, alpha, tokenizer } = setting;
  const scheme = bindScheme(profile, key, kernel);
  const scores = tokenScores(scheme, documents);
  const spanAlpha = alpha / Math.max(1, documents.length);
  let start = 0;
  const views = documents.map((document): DocumentView => {
    const { name, tokens, prompt } = document;
    const piece = prompt === undefined ? { tokens } : { tokens, prompt };
    const view = {
      name,
      start,
      ...spelled(document, tokenizer),
      spans: localise(profile, key, piece, { alpha: spanAlpha, kernel }),
    };
    start += tokens.length;
    return view;
  });
  return { documents: views, scores, log10E: running(scheme, scores), spanAlpha };
}

/** Scores in the order and with the coins of the verdict; NaN where a token was not scored. (T) */
function tokenScores(scheme: Scheme, documents: readonly KeptDocument[]): Float64Array {
  const T = documents.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const all = new Float64Array(T).fill(Number.NaN);
  const tally = new Tally(scheme, {
    observe(positions, scores, n) {
      for (let i = 0; i < n; i++) all[positions[i]] = scores[i];
    },
  });
  for (const { tokens, prompt } of documents) {
    tally.add(prompt === undefined ? { tokens } : { tokens, prompt });
  }
  return all;
}

/** The e-process after each token. (T) */
function running({ law }: Scheme, scores: Float64Array): Float64Array {
  let [n, sum, now] = [0, 0, 0];
  return scores.map((score) => {
    if (!Number.isNaN(score)) {
      n++;
      sum += score;
      now = log10E(law, { n, sum });
    }
    return now;
  });
}
