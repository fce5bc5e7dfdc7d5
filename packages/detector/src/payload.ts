import { type Kernel, type Key, type Profile, bindScheme, createKernel } from "@verdigris/core";
import { type Evidence, evidenceOf } from "./evidence.js";
import { type Piece, Tally } from "./tally.js";

/** The likeliest of several payloads. */
export interface PayloadResult {
  readonly payload: number;
  readonly evidence: Evidence;
  /** log10 of the p-value of the best payload among all tried: 1 − (1 − p)^M. */
  readonly log10P: number;
}

/**
 * Which of the payloads 0 … M − 1 a text carries. For schemes with a `payload` parameter.
 * @throws RangeError unless M ≥ 1
 */
export function detectPayload(
  profile: Profile,
  key: Key,
  texts: readonly Piece[],
  options: { readonly payloads: number; readonly kernel?: Kernel },
): PayloadResult {
  const { payloads, kernel = createKernel() } = options;
  if (!(Number.isInteger(payloads) && payloads >= 1)) {
    throw new RangeError(`payloads: expected a whole number from 1, got ${payloads}`);
  }
  let best: { readonly payload: number; readonly evidence: Evidence } | null = null;
  for (let payload = 0; payload < payloads; payload++) {
    const parameters = { ...profile.parameters, payload };
    const scheme = bindScheme({ ...profile, parameters }, key, kernel);
    const tally = new Tally(scheme);
    for (const text of texts) tally.add(text);
    const evidence = evidenceOf(scheme.law, tally.count());
    if (best === null || evidence.log10P < best.evidence.log10P) best = { payload, evidence };
  }
  const found = best as { readonly payload: number; readonly evidence: Evidence };
  return { ...found, log10P: ofMany(found.evidence.log10P, payloads) };
}

/** log10 of 1 − (1 − p)^M, exact for small p, too (Šidák). */
function ofMany(log10P: number, M: number): number {
  if (log10P < -15) return log10P + Math.log10(M);
  return Math.log10(-Math.expm1(M * Math.log1p(-Math.min(10 ** log10P, 1 - 1e-16))));
}
