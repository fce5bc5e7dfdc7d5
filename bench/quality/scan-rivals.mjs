// The scans of other projects on a sequence of counted coins, and the figures of a comparison with them.
import { binomialLog10P, normalQuantile } from "@verdigris/detector";

/** Samples of a bootstrap: its standard error is known to a fourteenth. */
const BOOTSTRAPS = 100;

/**
 * lm-watermarking's WinMax, all lengths 1 … T − 1: the largest z, uncorrected. A token more adds at most one green, so
 * lengths that cannot win are passed over.
 */
export function winMax(flags, gamma) {
  const n = flags.length;
  const sums = greenBefore(flags);
  const z = (green, length) => (green - gamma * length) / Math.sqrt(length * gamma * (1 - gamma));
  let best = { statistic: -Infinity, start: 0, end: 0 };
  for (let length = 1; length < n;) {
    let [most, start] = [-1, 0];
    for (let i = 0; i + length <= n; i++) {
      const green = sums[i + length] - sums[i];
      if (green > most) [most, start] = [green, i];
    }
    const statistic = z(most, length);
    if (statistic > best.statistic) best = { statistic, start, end: start + length };
    do {
      most++;
      length++;
    } while (length < n && z(most, length) <= best.statistic);
  }
  return best;
}

/** Green tokens before each place. (T + 1) */
function greenBefore(flags) {
  const sums = new Int32Array(flags.length + 1);
  for (let i = 0; i < flags.length; i++) sums[i + 1] = sums[i] + flags[i];
  return sums;
}

/** TextSeal's localisation: lengths 50, 100, 200 …, half a length apart; the smallest p times the number of windows. */
export function dyadic(flags, gamma) {
  const n = flags.length;
  const sums = greenBefore(flags);
  let best = { statistic: -Infinity, start: 0, end: 0 };
  for (let length = Math.min(n, 50); length <= n; length *= 2) {
    const step = Math.max(1, length >> 1);
    for (let start = 0; start + length <= n; start += step) {
      const green = sums[start + length] - sums[start];
      if (green <= gamma * length) continue;
      const statistic = -binomialLog10P(green, length, gamma);
      if (statistic > best.statistic) best = { statistic, start, end: start + length };
    }
  }
  return best;
}

/** The values of a sample that may decide a threshold of rate `alpha`, largest first, each with how often it was seen. */
export function topValues(statistics, alpha) {
  const counts = new Map();
  for (const value of statistics.toSorted((a, b) => b - a).slice(0, 5 * alpha * statistics.length))
    counts.set(value, (counts.get(value) ?? 0) + 1);
  return { values: [...counts], allowed: alpha * statistics.length };
}

/** Rejecting above `value`, and at it with probability `share`, rejects the allowed number of the texts. */
export function threshold({ values, allowed }) {
  let above = 0;
  for (const [value, count] of values) {
    if (above + count > allowed) return { value, share: (allowed - above) / count };
    above += count;
  }
  throw new Error("too few values for a threshold");
}

/** Thresholds of samples like this one: each value is drawn a Poisson number of times (Poisson bootstrap). */
export function bootstrapped({ values, allowed }, random) {
  const drawn = () => {
    let [n, left] = [0, Math.E * random.next()];
    while (left > 1) [n, left] = [n + 1, left * random.next()];
    return n;
  };
  const again = (count) => Array.from({ length: count }, drawn).reduce((a, b) => a + b);
  return Array.from({ length: BOOTSTRAPS }, () =>
    threshold({ values: values.map(([value, count]) => [value, again(count)]), allowed }),
  );
}

/** How far each text counts as found at a threshold. */
export function hitsAt(found, { value, share }) {
  return found.map(({ statistic, touches }) =>
    !touches || statistic < value ? 0 : statistic > value ? 1 : share,
  );
}

/**
 * Leads over either rival in every cell: how many are beyond two standard errors, and beyond what one of so many sound
 * comparisons would exceed with probability .05 (Bonferroni, one-sided).
 */
export function summary(leads) {
  const z = leads.map(({ mean, standardError }) =>
    standardError === 0 ? 0 : mean / standardError,
  );
  const bound = normalQuantile(0.05 / leads.length);
  return {
    comparisons: leads.length,
    mean: leads.reduce((sum, { mean }) => sum + mean, 0) / leads.length,
    smallest: Math.min(...leads.map(({ mean }) => mean)),
    smallestZ: Math.min(...z),
    behindBy2: z.filter((value) => value < -2).length,
    aheadBy2: z.filter((value) => value > 2).length,
    bonferroniBound: bound,
    behindByBound: z.filter((value) => value < -bound).length,
    aheadByBound: z.filter((value) => value > bound).length,
  };
}

/** How often intervals cover over several cells, by how many spans each found. */
export function weighted(cells, all) {
  const sum = (of) => cells.reduce((total, cell) => total + of(cell), 0);
  return {
    mean: sum(({ found, mean }) => found * mean) / all,
    standardError: Math.sqrt(sum(({ found, standardError }) => (found * standardError) ** 2)) / all,
  };
}

/** A mean with its standard error. */
export function meanOf(values) {
  const mean = averageOf(values);
  return {
    mean,
    standardError: values.length < 2 ? null : deviationOf(values) / Math.sqrt(values.length),
  };
}

/** The standard deviation of a sample. */
export function deviationOf(values) {
  const mean = averageOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

function averageOf(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
