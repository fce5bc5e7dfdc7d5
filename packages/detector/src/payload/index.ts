import {
  type Kernel,
  type Key,
  type PayloadReader,
  type Profile,
  type Scheme,
  bindScheme,
  createKernel,
} from "@verdigris/core";
import { type Evidence, evidenceOf } from "../evidence.js";
import { type Count, type Piece, Tally } from "../tally.js";
import { type CodeHits, decode } from "./decode.js";

/** The likeliest of several payloads. */
export interface PayloadResult {
  readonly payload: number;
  /** Of this payload, as if it had been the only one in question. */
  readonly evidence: Evidence;
  /** log10 of a p-value for "no payload is there": M times the best one's (Bonferroni), at most 1. */
  readonly log10P: number;
  /** What the code adds, for a mark that carries its payload in one. */
  readonly coded: CodedPayload | null;
}

/** Confidence in a decoded payload, each bit's and the whole. */
export interface CodedPayload {
  /** Per bit of the payload, lowest first: posterior probability that it is 1. (k) */
  readonly bits: Float64Array;
  /** Posterior probability of the payload. */
  readonly posterior: number;
  /** log10 of an e-value for "some payload is there", whichever. */
  readonly log10E: number;
}

/**
 * Which payload a text carries. A mark with an error-correcting code is decoded; for any other scheme with a `payload`
 * parameter the payloads 0 … M − 1 are tried, M = `payloads`.
 * @throws RangeError unless M ≥ 1, where it is needed
 */
export function detectPayload(
  profile: Profile,
  key: Key,
  texts: readonly Piece[],
  options: { readonly payloads?: number; readonly kernel?: Kernel } = {},
): PayloadResult {
  const { payloads, kernel = createKernel() } = options;
  const scheme = bindScheme(profile, key, kernel);
  if (scheme.payload !== undefined) return decoded(scheme, scheme.payload, texts);
  if (payloads === undefined || !(Number.isInteger(payloads) && payloads >= 1)) {
    throw new RangeError(
      `payloads: expected a whole number from 1, as this mark has no code to decode, got ${payloads ?? "nothing"}`,
    );
  }
  let best: { readonly payload: number; readonly evidence: Evidence } | null = null;
  for (let payload = 0; payload < payloads; payload++) {
    const parameters = { ...profile.parameters, payload };
    const bound = bindScheme({ ...profile, parameters }, key, kernel);
    const evidence = evidenceOf(bound.law, countOf(bound, texts));
    if (best === null || evidence.log10P < best.evidence.log10P) best = { payload, evidence };
  }
  const found = best as { readonly payload: number; readonly evidence: Evidence };
  return { ...found, log10P: ofMany(found.evidence.log10P, payloads), coded: null };
}

function decoded(scheme: Scheme, reader: PayloadReader, texts: readonly Piece[]): PayloadResult {
  const hits = hitsOf(scheme, reader, texts);
  const { payload, matches, ...coded } = decode(reader.code, hits, reader.p);
  const evidence = evidenceOf(scheme.law, { n: hits.n, sum: matches });
  return { payload, evidence, log10P: ofMany(evidence.log10P, 2 ** reader.code.k), coded };
}

/** Counts every coin once, as ever, and reads both of its lists instead of the bound payload's one. */
function hitsOf(scheme: Scheme, reader: PayloadReader, texts: readonly Piece[]): CodeHits {
  const { n } = reader.code;
  const [zero, one] = [new Uint32Array(n), new Uint32Array(n)];
  const reading: Scheme = {
    ...scheme,
    scores(coins, out) {
      const room = out.length;
      const read = { index: new Uint32Array(room), zero: out, one: new Float64Array(room) };
      reader.read(coins, read);
      for (let i = 0; i < coins.n; i++) {
        zero[read.index[i]] += read.zero[i];
        one[read.index[i]] += read.one[i];
      }
    },
  };
  return { n: countOf(reading, texts).n, zero, one };
}

function countOf(scheme: Scheme, texts: readonly Piece[]): Count {
  const tally = new Tally(scheme);
  for (const text of texts) tally.add(text);
  return tally.count();
}

/** log10 of a p-value times M, at most 1: valid however the payloads' tests depend on one another. */
function ofMany(log10P: number, M: number): number {
  return Math.min(0, log10P + Math.log10(M));
}
