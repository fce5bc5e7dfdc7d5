// Statistics side by side on the same texts, each at the same true rate of false positives.
import { bindScheme } from "@verdigris/core";
import { decoyKey, normalQuantile } from "@verdigris/detector";
import { kernel } from "./lab.mjs";
import { OURS, RIVALS, reader } from "./statistics.mjs";

/** Parts of the wrong keys that are left out in turn, for the error of a threshold. */
const FOLDS = 20;
/** Each wrong key reads one of so many parts of the texts: many keys, as texts share coins under one. */
const PARTS = 10;

/**
 * One mark: texts that carry it, cut to each of some lengths, each read with `keys` wrong keys. A threshold is what a statistic
 * exceeds in α of these pairs; at the threshold itself it rejects with the probability that makes its rate α exactly.
 * Leads are either of ours less the rival's, text by text; their errors are those of the texts and of the thresholds.
 */
export function compare({ profile, key, family, texts }, { lengths, keys, alpha }) {
  const rivals = RIVALS[family];
  const ourNames = Object.keys(OURS[family]);
  const names = [...ourNames, ...Object.keys(rivals)];
  const statistics = [...Object.values(OURS[family]), ...Object.values(rivals)];
  const scheme = bindScheme(profile, key, kernel);
  const read = reader(scheme, texts, lengths);
  const folds = [];
  const nulls = lengths.map(() => names.map(() => []));
  for (let k = 0; k < keys * PARTS; k++) {
    const some = [...texts.keys()].filter((t) => t % PARTS === k % PARTS);
    for (const seen of read(bindScheme(profile, decoyKey(k), kernel), some)) {
      folds.push(Math.floor((k * FOLDS) / (keys * PARTS)));
      measure({ seen, lengths, statistics, law: scheme.law }, nulls);
    }
  }
  const own = lengths.map(() => names.map(() => []));
  for (const seen of read(scheme, [...texts.keys()]))
    measure({ seen, lengths, statistics, law: scheme.law }, own);
  return lengths.map((tokens, l) => {
    const rejected = names.map((_, i) => rejections(nulls[l][i], own[l][i], { alpha, folds }));
    const verdict = (values) => meanOf(values.map((value) => Number(10 ** -value <= alpha)));
    return {
      tokens,
      texts: texts.length,
      nulls: folds.length,
      alpha,
      verdict: verdict(own[l][0]),
      verdictFalsePositives: verdict(nulls[l][0]),
      atTrueRate: Object.fromEntries(names.map((name, i) => [name, meanOf(rejected[i].whole)])),
      leads: Object.fromEntries(
        ourNames.map((mine, m) => [
          mine,
          Object.fromEntries(
            Object.keys(rivals).map((name, i) => [
              name,
              leadOf(rejected[m], rejected[ourNames.length + i]),
            ]),
          ),
        ]),
      ),
    };
  });
}

/** Each statistic of one text at each length, appended to its list. */
function measure({ seen, lengths, statistics, law }, lists) {
  lengths.forEach((tokens, l) =>
    statistics.forEach((statistic, i) => lists[l][i].push(statistic(seen, tokens, law))),
  );
}

/** How often each text is rejected at a true rate of α, by all wrong keys and without each fold of them. */
function rejections(nulls, values, { alpha, folds }) {
  const least = nulls.length - 1 - Math.ceil(4 * alpha * nulls.length);
  const cut = Float64Array.from(nulls).sort()[Math.max(0, least)];
  const top = nulls
    .map((value, at) => ({ value, fold: folds[at] }))
    .filter(({ value }) => value >= cut)
    .sort((one, other) => other.value - one.value);
  const rejecting = (isIn) => {
    const among = folds.filter(isIn).length;
    const kept = top.filter(({ fold }) => isIn(fold)).map(({ value }) => value);
    return values.map(threshold(kept, alpha * among));
  };
  return {
    whole: rejecting(() => true),
    without: Array.from({ length: FOLDS }, (_, left) => rejecting((fold) => fold !== left)),
  };
}

/** How often a value rejects where `allowed` of the nulls may. @param sorted the largest nulls, largest first */
function threshold(sorted, allowed) {
  const critical = sorted[Math.floor(allowed)];
  const above = sorted.filter((value) => value > critical).length;
  const equal = sorted.filter((value) => value === critical).length;
  const atIt = (allowed - above) / equal;
  return (value) => (value > critical ? 1 : value === critical ? atIt : 0);
}

/** A lead with its error; `byText` and `byFold` pool it with others of the same texts. */
function leadOf(own, rival) {
  const byText = own.whole.map((value, t) => value - rival.whole[t]);
  const byFold = own.without.map((values, f) => meanOf(values) - meanOf(rival.without[f]));
  return { ...errorOf(byText, byFold), byText, byFold };
}

/** Mean over texts; its error by the texts' spread and the folds' jackknife. */
function errorOf(byText, byFold) {
  const mean = meanOf(byText);
  const n = byText.length;
  const texts = byText.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1) / n;
  const middle = meanOf(byFold);
  const folds = byFold.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  const thresholds = ((FOLDS - 1) / FOLDS) * folds;
  return { mean, standardError: Math.sqrt(texts + thresholds) };
}

/** Means over several cells of the same texts. */
export function pooledOverLengths(leads) {
  const [{ byText, byFold }] = leads;
  const average = (of, i) => meanOf(leads.map((lead) => lead[of][i]));
  return errorOf(
    byText.map((_, t) => average("byText", t)),
    byFold.map((_, f) => average("byFold", f)),
  );
}

/** The mean of independent leads, with its error. */
export function pooledOverTexts(leads) {
  return {
    mean: meanOf(leads.map(({ mean }) => mean)),
    standardError:
      Math.sqrt(leads.reduce((sum, { standardError }) => sum + standardError ** 2, 0)) /
      leads.length,
  };
}

/** Leads beyond two errors, and beyond what one of so many sound comparisons would exceed with probability .05. */
export function summaryOf(leads) {
  const scores = leads.map(({ mean, standardError }) =>
    standardError > 0 ? mean / standardError : 0,
  );
  const bound = normalQuantile(0.05 / leads.length);
  const count = (is) => scores.filter(is).length;
  return {
    comparisons: leads.length,
    mean: meanOf(leads.map(({ mean }) => mean)),
    smallest: Math.min(...leads.map(({ mean }) => mean)),
    behindBy2: count((value) => value < -2),
    aheadBy2: count((value) => value > 2),
    bound,
    behindByBound: count((value) => value < -bound),
    aheadByBound: count((value) => value > bound),
  };
}

function meanOf(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
