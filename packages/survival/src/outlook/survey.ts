/**
 * What a deployment's own traffic says about a thief's student: for windows that an auditor will reach, how often the
 * thief's corpus would hold them, and what excess the teacher shows there. One or two passes over the log; memory for
 * the audited windows only.
 */
import type { Scheme, Tokens } from "@verdigris/core";
import type { ServingSketch } from "@verdigris/detector";
import { auditContexts } from "../audit.js";
import { randomStream } from "../random.js";
import { HeldOut, lots } from "./held-out.js";
import { ServedWindows } from "./served-windows.js";
import { WindowCounts } from "./window-counts.js";

/** Where texts come from; each call begins anew. */
export interface TrafficSource {
  /** Served answers with the mark. Read twice, in the same order, unless `audit` is there. */
  served(): AsyncIterable<Tokens>;
  /** Text like that which an auditor will have the suspect continue. Default: a part of the answers, which then does not count as served. */
  audit?(): AsyncIterable<Tokens>;
  /** What else the thief trains on. Default: text with the same windows, unmarked. */
  filler?(): AsyncIterable<Tokens>;
}

/** How to survey. */
export interface SurveyOptions {
  readonly scheme: Scheme;
  /** Shares of the traffic a thief takes, each in (0, 1]. */
  readonly shares: readonly number[];
  /** Longest context any student uses, tokens; at least h. */
  readonly order: number;
  /** At most so many audited windows. Default 100,000. */
  readonly windows?: number;
  /** Part of the answers held out as the auditor's text, in (0, 1). Default 0.1. */
  readonly heldOut?: number;
  readonly seed?: number;
}

/** Tokens of the auditor's text that are kept for each window asked for: repeats are many where h is small. */
const TOKENS_PER_WINDOW = 20;

/**
 * Surveys traffic. The same source and options give the same survey.
 * @throws RangeError for h = 0, which has one window only, a share out of range, or an order below h
 */
export async function surveyTraffic(
  source: TrafficSource,
  options: SurveyOptions,
): Promise<ServedWindows> {
  const { scheme, shares, order, seed = 1 } = options;
  check(options);
  const audit = await auditTexts(source, options);
  const contexts = windowsOf(audit.texts, options);
  const filler = shares.length + 1;
  const vocabularySize = scheme.profile.V;
  const counts = new WindowCounts(contexts, { order, slots: filler + 1, vocabularySize });
  const survey = new ServedWindows(counts, {
    contexts,
    scheme,
    shares,
    filled: source.filler !== undefined,
  });
  const each = lots(randomStream(seed, "served"));
  for await (const tokens of source.served()) {
    const { heldOut, taken } = each.next().value;
    if (heldOut < audit.share) continue;
    const slot = shares.filter((share) => share <= taken).length;
    survey.addServed(tokens, slot);
  }
  if (source.filler !== undefined)
    for await (const tokens of source.filler()) survey.addFiller(tokens);
  return survey;
}

/** What a sketch cannot say of the traffic. */
export interface SketchedTraffic {
  /** How often each window of h tokens was served. */
  readonly sketch: ServingSketch;
  /** Text like that which an auditor will have the suspect continue. */
  audit(): AsyncIterable<Tokens>;
  /** Δ_T: mean excess score of the served tokens. */
  readonly excess: number;
}

/**
 * The same from a sketch of served windows instead of the log: students then look back no further than h tokens, every
 * window has the teacher's mean excess, and rare windows count a little too much, as they do in the sketch.
 * @throws RangeError for a sketch of another width
 */
export async function surveySketch(
  { sketch, audit, excess }: SketchedTraffic,
  options: Omit<SurveyOptions, "order" | "heldOut">,
): Promise<ServedWindows> {
  const { scheme, shares } = options;
  const { h } = scheme;
  check({ ...options, order: h });
  if (sketch.h !== h) throw new RangeError(`sketch: expected one of h = ${h}, got ${sketch.h}`);
  const { texts } = await auditTexts({ served: audit, audit }, { ...options, order: h });
  const contexts = windowsOf(texts, options);
  const slots = shares.length + 2;
  const counts = new WindowCounts(contexts, { order: h, slots, vocabularySize: scheme.profile.V });
  const survey = new ServedWindows(counts, { contexts, scheme, shares, filled: false });
  const served = contexts.map((context) => {
    // The count before a position needs a token there; which one does not matter.
    const window = new Uint32Array(h + 1);
    window.set(context.subarray(context.length - h));
    return sketch.counts(window)[0];
  });
  survey.addSketch(served, sketch.total, excess);
  return survey;
}

function windowsOf(
  texts: readonly Tokens[],
  { scheme, windows = 100_000, seed = 1 }: Pick<SurveyOptions, "scheme" | "windows" | "seed">,
): readonly Tokens[] {
  const all = texts.map((tokens, i) => ({ prompt: String(i), tokens }));
  const random = randomStream(seed, "audited windows");
  return auditContexts(all, { h: scheme.h, count: windows, random, served: 0, log: [] });
}

/** The auditor's texts, and the part of the answers that they are. */
async function auditTexts(
  source: TrafficSource,
  { windows = 100_000, heldOut = 0.1, seed = 1 }: SurveyOptions,
): Promise<{ readonly texts: readonly Tokens[]; readonly share: number }> {
  const most = TOKENS_PER_WINDOW * windows;
  const sample = new HeldOut({ share: source.audit === undefined ? heldOut : 1, most });
  const each = lots(randomStream(seed, "served"));
  for await (const tokens of (source.audit ?? source.served).call(source))
    sample.offer(tokens, each.next().value.heldOut);
  return { texts: sample.texts, share: source.audit === undefined ? sample.share : 0 };
}

function check({ scheme, shares, order }: SurveyOptions): void {
  if (scheme.h === 0)
    throw new RangeError("h: expected at least 1, got 0: all text shares one window");
  if (order < scheme.h)
    throw new RangeError(`order: expected at least h = ${scheme.h}, got ${order}`);
  shares.forEach((share, i) => {
    if (!(share > (shares[i - 1] ?? 0) && share <= 1)) {
      throw new RangeError(`shares: expected rising numbers in (0, 1], got ${shares.join(", ")}`);
    }
  });
}
