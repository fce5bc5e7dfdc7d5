// Our statistic and those of other projects on prefixes of one text, from one reading of it under one key.
import { coinsOf, moments } from "@verdigris/core";
import { Tally, evidenceOf, repeatWeights, weightedEvidenceOf } from "@verdigris/detector";

/** What a project counts: every token, new n-grams, or the first token after each context; `late`: but for the first. */
const all = (seen) => seen.all;
const grams = (seen) => seen.grams;
const firsts = (seen) => seen.firsts;

/** Larger is more marked. The law is that of one coin. */
const z = (of) => (seen, n, law) => zOf(law, counted(of(seen), n));
const exact = (of) => (seen, n, law) => -tail(law, counted(of(seen), n));
const mean = (of) => (seen, n) => ratio(counted(of(seen), n));

/** Rivals of each family, by their names. */
export const RIVALS = {
  green: {
    "z, every token (HF)": z(all),
    "z, distinct n-grams (lm-watermarking, HF's option)": z(grams),
    "WinMax (lm-watermarking)": winMax,
    "first of a context (vLLM)": exact(firsts),
    "mid-p, every token (TextSeal)": midP,
  },
  gumbel: {
    "every token (Aaronson, TextSeal)": exact(all),
    "distinct n-grams (TextSeal v2)": exact(grams),
    "first of a context (vLLM, SGLang)": exact(firsts),
  },
  synthid: {
    "mean, first of a context (HF)": mean(firsts),
    "mean, every token": mean(all),
  },
};

const coins = { "ours, distinct coins": (seen, n, law) => -tail(law, counted(seen.coins, n)) };

/** Ours: −log10 of the exact p of distinct coins, all alike or by how often they occur (`score --weights repeats`). */
export const OURS = {
  green: { ...coins, "ours, by repeats": byRepeats },
  gumbel: coins,
  synthid: coins,
};

/**
 * Reads some of the texts under a key, any number of times: what depends on the text alone is worked out once.
 * @param texts each a list of pieces, whose windows do not cross @param lengths that they will be cut to
 */
export function reader(scheme, texts, lengths) {
  const layouts = texts.map((pieces) => ({
    ...layoutOf(scheme.h, pieces),
    weights: new Map(lengths.map((tokens) => [tokens, weightsOf(scheme.h, pieces, tokens)])),
  }));
  return (bound, some) => {
    const places = [];
    const tally = new Tally(bound, {
      observe: (positions, _, n) => places.push(...positions.subarray(0, n)),
    });
    return some.map((t) => {
      const pieces = texts[t];
      tally.reset();
      places.length = 0;
      for (const tokens of pieces) tally.add({ tokens });
      const { at, gram, context } = layouts[t];
      const scores = scoresOf(bound, pieces, at.length);
      const isCoin = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
      for (const place of places) isCoin[place] = 1;
      return {
        all: running(at, scores, () => true),
        grams: running(at, scores, (i) => gram[i]),
        firsts: running(at, scores, (i) => context[i]),
        coins: running(at, scores, (i) => isCoin[at[i]]),
        weights: layouts[t].weights,
      };
    });
  };
}

/** Where tokens with a full context are, and whether their n-gram, and their context, is new. */
function layoutOf(h, pieces) {
  const [at, gram, context] = [[], [], []];
  const [grams_, contexts] = [new Set(), new Set()];
  let before = 0;
  for (const tokens of pieces) {
    for (let i = h; i < tokens.length; i++) {
      const shown = tokens.subarray(i - h, i).join();
      const whole = `${shown},${tokens[i]}`;
      at.push(before + i);
      gram.push(!grams_.has(whole));
      context.push(!contexts.has(shown));
      grams_.add(whole);
      contexts.add(shown);
    }
    before += tokens.length;
  }
  return { at, gram, context };
}

/** Weights by repeats of the first tokens, by token. A window across two pieces has no coin. */
function weightsOf(h, pieces, tokens) {
  const text = Uint32Array.from(pieces.flatMap((piece) => [...piece])).subarray(0, tokens);
  const weights = new Float64Array(text.length);
  weights.set(repeatWeights(h)(text, h), h);
  return weights;
}

function scoresOf(scheme, pieces, n) {
  const scores = new Float64Array(n);
  let at = 0;
  for (const tokens of pieces) {
    if (tokens.length <= scheme.h) continue;
    const { score } = coinsOf(scheme, tokens);
    scores.set(score, at);
    at += score.length;
  }
  return scores;
}

/** The scores that count, and how many there are before each token. */
function running(at, scores, counts) {
  const [flags, where] = [[], []];
  scores.forEach((score, i) => {
    if (!counts(i)) return;
    flags.push(score);
    where.push(at[i]);
  });
  const sums = new Float64Array(flags.length + 1);
  flags.forEach((score, i) => (sums[i + 1] = sums[i] + score));
  return { where, sums };
}

/** How many count among the first `tokens`. */
function within({ where }, tokens) {
  let [low, high] = [0, where.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (where[middle] < tokens) low = middle + 1;
    else high = middle;
  }
  return low;
}

function counted(run, tokens) {
  const n = within(run, tokens);
  return { n, sum: run.sums[n] };
}

const known = new Map();

/** Below so many standard errors half of z stands for −log10 p: no threshold is there. */
const FAR = 1.6;

/** log10 of the exact tail; of counts it is kept. */
function tail(law, { n, sum }) {
  if (n === 0) return 0;
  const { mean: expected, variance } = moments(law);
  const zScore = (sum - n * expected) / Math.sqrt(n * variance);
  if (law.kind !== "bernoulli") {
    return zScore < FAR ? -zScore / 2 : evidenceOf(law, { n, sum }).log10P;
  }
  const name = `${law.p},${n},${sum}`;
  if (!known.has(name)) known.set(name, evidenceOf(law, { n, sum }).log10P);
  return known.get(name);
}

function byRepeats(seen, tokens, law) {
  const { where, sums } = seen.coins;
  const n = within(seen.coins, tokens);
  const own = seen.weights.get(tokens);
  const { mean: expected, variance } = moments(law);
  const [counts, totals] = [
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ];
  let [excess, squares] = [0, 0];
  for (let i = 0; i < n; i++) {
    const weight = own[where[i]];
    const score = sums[i + 1] - sums[i];
    excess += weight * (score - expected);
    squares += weight * weight;
    counts[Math.round(3 * weight)]++;
    totals[Math.round(3 * weight)] += score;
  }
  const zScore = squares === 0 ? 0 : excess / Math.sqrt(variance * squares);
  if (zScore < FAR) return zScore / 2;
  const name = `${law.p}:${counts.join()}:${totals.join()}`;
  if (known.has(name)) return known.get(name);
  const value = -weightedEvidenceOf(law, {
    scores: Array.from({ length: n }, (_, i) => sums[i + 1] - sums[i]),
    weights: Array.from({ length: n }, (_, i) => own[where[i]]),
  }).log10P;
  known.set(name, value);
  return value;
}

/** Of a green count, with the list's true share in place of the nominal γ. */
function zOf({ p }, { n, sum }) {
  return n === 0 ? 0 : (sum - p * n) / Math.sqrt(n * p * (1 - p));
}

function ratio({ n, sum }) {
  return n === 0 ? 0 : sum / n;
}

/** TextSeal's: half of the chance of the very count is left out, and so is the first token. */
function midP(seen, tokens, law) {
  const { n, sum } = counted(seen.all, tokens);
  const [left, green] = [n - 1, sum - (seen.all.sums[1] ?? 0)];
  if (left <= 0) return 0;
  const above = green >= left ? 0 : 10 ** tail(law, { n: left, sum: green + 1 });
  return -Math.log10((10 ** tail(law, { n: left, sum: green }) + above) / 2);
}

/** The largest z of any window of distinct n-grams. A token more adds at most one: lengths that cannot win are passed over. */
function winMax(seen, tokens, law) {
  const { sums } = seen.grams;
  const n = within(seen.grams, tokens);
  let best = -Infinity;
  for (let length = 1; length < n;) {
    let most = 0;
    for (let i = length; i <= n; i++) most = Math.max(most, sums[i] - sums[i - length]);
    best = Math.max(best, zOf(law, { n: length, sum: most }));
    do {
      most++;
      length++;
    } while (length < n && zOf(law, { n: length, sum: most }) <= best);
  }
  return best;
}
