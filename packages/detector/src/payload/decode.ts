import type { BlockCode } from "@verdigris/core";

/** Hits of a text's coins: per code bit, coins whose score is 1 if the bit is 0, and if it is 1. */
export interface CodeHits {
  readonly n: number;
  readonly zero: Uint32Array; // (code bits)
  readonly one: Uint32Array; // (code bits)
}

/** A decoded payload. */
export interface Decoded {
  readonly payload: number;
  /** Coins on the list that the payload's code word says: the most of all payloads. */
  readonly matches: number;
  /** Per message bit, lowest first: its posterior probability of being 1. (k) */
  readonly bits: Float64Array;
  /** Posterior probability of this payload. */
  readonly posterior: number;
  /** log10 of the e-value of "some payload is there": mean over payloads and strengths of the likelihood ratio. */
  readonly log10E: number;
}

/** Strengths the posterior allows for, in nats: how much likelier a token is on the list that is favoured. */
const STRENGTHS = Array.from({ length: 12 }, (_, i) => 0.125 * Math.SQRT2 ** i);

/**
 * Decodes by trying every code word, so the decision is the likeliest one and the probabilities are exact under the
 * model "a token on the favoured list is e^β times as likely", with even prior over payloads and over twelve strengths β.
 * Then E[e^(β S)] under H0 is (1 + p(e^β − 1))^n, S binomial(n, p): the mean of the ratios is an exact e-value. At most
 * 2^22 code words, visited in Gray's order: one row of the generator and a table look-up per eight code bits for each.
 */
export function decode(code: BlockCode, hits: CodeHits, p: number): Decoded {
  const { matchesOf, rows } = gains(code, hits);
  const evidence = strengthTable(hits.n, p);
  const payloads = 2 ** code.k;
  const word = new Uint8Array(rows[0].length);
  const marginals = Array.from({ length: Math.ceil(code.k / 8) }, () => new Float64Array(256));
  let best = { payload: 0, matches: -1 };
  let [total, payload] = [0, 0];
  for (let step = 0; step < payloads; step++) {
    if (step > 0) {
      const bit = 31 - Math.clz32(step & -step);
      payload ^= 1 << bit;
      const row = rows[bit];
      for (let i = 0; i < word.length; i++) word[i] ^= row[i];
    }
    const matches = matchesOf(word);
    if (matches > best.matches || (matches === best.matches && payload < best.payload)) {
      best = { payload, matches };
    }
    const weight = evidence.weights[matches];
    total += weight;
    for (let i = 0; i < marginals.length; i++) marginals[i][(payload >>> (8 * i)) & 255] += weight;
  }
  return {
    ...best,
    bits: Float64Array.from({ length: code.k }, (_, bit) => shareOf(marginals, bit) / total),
    posterior: evidence.weights[best.matches] / total,
    log10E: (evidence.scale + Math.log(total / payloads)) / Math.LN10,
  };
}

/** Matches of a code word given as bytes, by table, and the generator's rows as bytes. */
function gains(
  code: BlockCode,
  { zero, one }: CodeHits,
): { readonly matchesOf: (word: Uint8Array) => number; readonly rows: readonly Uint8Array[] } {
  const bytes = Math.ceil(code.n / 8);
  const tables = Array.from({ length: bytes }, (_, b) =>
    Int32Array.from({ length: 256 }, (_unused, value) => {
      let sum = 0;
      for (let i = 0; i < 8; i++) {
        const j = 8 * b + i;
        if (j < code.n) sum += ((value >>> i) & 1) === 1 ? one[j] : zero[j];
      }
      return sum;
    }),
  );
  const packed = (bits: Uint8Array): Uint8Array => {
    const out = new Uint8Array(bytes);
    bits.forEach((bit, j) => (out[j >>> 3] |= bit << (j & 7)));
    return out;
  };
  return {
    matchesOf(word) {
      let sum = 0;
      for (let b = 0; b < bytes; b++) sum += tables[b][word[b]];
      return sum;
    },
    rows: Array.from({ length: code.k }, (_, i) => packed(code.encode(2 ** i))),
  };
}

/** Mean likelihood ratio over strengths by number of matches 0 … n, as weight · e^scale. */
function strengthTable(
  n: number,
  p: number,
): { readonly weights: Float64Array; readonly scale: number } {
  const logs = Float64Array.from({ length: n + 1 }, (_, matches) => {
    const each = STRENGTHS.map((b) => b * matches - n * Math.log1p(p * Math.expm1(b)));
    const top = Math.max(...each);
    return top + Math.log(each.reduce((sum, log) => sum + Math.exp(log - top), 0) / each.length);
  });
  const scale = logs.reduce((top, log) => Math.max(top, log), -Infinity);
  return { weights: logs.map((log) => Math.exp(log - scale)), scale };
}

/** Weight of the payloads whose bit is 1. */
function shareOf(marginals: readonly Float64Array[], bit: number): number {
  return marginals[bit >>> 3].reduce(
    (sum, weight, value) => sum + (((value >>> (bit & 7)) & 1) === 1 ? weight : 0),
    0,
  );
}
