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
  const logs = logRatios(hits.n, p);
  const payloads = 2 ** code.k;
  const word = new Uint8Array(rows[0].length);
  const posterior = new Posterior(code.k, logs);
  let payload = 0;
  for (let step = 0; step < payloads; step++) {
    if (step > 0) {
      const bit = 31 - Math.clz32(step & -step);
      payload ^= 1 << bit;
      const row = rows[bit];
      for (let i = 0; i < word.length; i++) word[i] ^= row[i];
    }
    posterior.add(payload, matchesOf(word));
  }
  return posterior.result();
}

/** Sums likelihood ratios over payloads, in units of the largest so far: they span hundreds of decades. */
class Posterior {
  readonly #k: number;
  readonly #logs: Float64Array;
  /** Ratio by matches, in units of the best. (n + 1) */
  readonly #ratios: Float64Array;
  /** Sums by each byte of the payload. (⌈k/8⌉) × (256) */
  readonly #marginals: readonly Float64Array[];
  #best = { payload: 0, matches: -1 };
  #total = 0;

  constructor(k: number, logs: Float64Array) {
    this.#k = k;
    this.#logs = logs;
    this.#ratios = new Float64Array(logs.length);
    this.#marginals = Array.from({ length: Math.ceil(k / 8) }, () => new Float64Array(256));
  }

  add(payload: number, matches: number): void {
    const best = this.#best;
    if (matches > best.matches) this.#rescale(matches);
    if (matches > best.matches || (matches === best.matches && payload < best.payload)) {
      this.#best = { payload, matches };
    }
    const ratio = this.#ratios[matches];
    this.#total += ratio;
    for (let i = 0; i < this.#marginals.length; i++) {
      this.#marginals[i][(payload >>> (8 * i)) & 255] += ratio;
    }
  }

  result(): Decoded {
    const scale = this.#logs[this.#best.matches];
    const mean = this.#total / 2 ** this.#k;
    return {
      ...this.#best,
      bits: Float64Array.from({ length: this.#k }, (_, bit) => this.#shareOf(bit)),
      posterior: 1 / this.#total,
      log10E: (scale + Math.log(mean)) / Math.LN10,
    };
  }

  #rescale(matches: number): void {
    const old = this.#best.matches;
    const factor = old < 0 ? 0 : Math.exp(this.#logs[old] - this.#logs[matches]);
    this.#total *= factor;
    for (const sums of this.#marginals) sums.forEach((sum, i) => (sums[i] = sum * factor));
    this.#logs.forEach((log, i) => (this.#ratios[i] = Math.exp(log - this.#logs[matches])));
  }

  /** Posterior probability that a bit is 1. */
  #shareOf(bit: number): number {
    const ones = this.#marginals[bit >>> 3].reduce(
      (sum, ratio, value) => sum + (((value >>> (bit & 7)) & 1) === 1 ? ratio : 0),
      0,
    );
    return ones / this.#total;
  }
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

/** ln of the mean likelihood ratio over strengths, by number of matches 0 … n; grows with it. (n + 1) */
function logRatios(n: number, p: number): Float64Array {
  return Float64Array.from({ length: n + 1 }, (_, matches) => {
    const each = STRENGTHS.map((b) => b * matches - n * Math.log1p(p * Math.expm1(b)));
    const top = Math.max(...each);
    return top + Math.log(each.reduce((sum, log) => sum + Math.exp(log - top), 0) / each.length);
  });
}
