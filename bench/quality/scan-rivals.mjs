// The scans of other projects on a sequence of counted coins, and the figures of a comparison with them.
import { binomialLog10P, normalQuantile } from "@verdigris/detector";

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

/** Rejecting above `value`, and at it with probability `share`, rejects `alpha` of the texts. */
export function threshold(statistics, alpha) {
  const allowed = alpha * statistics.length;
  const value = statistics.toSorted((a, b) => b - a)[Math.floor(allowed)];
  const above = statistics.filter((statistic) => statistic > value).length;
  const equal = statistics.filter((statistic) => statistic === value).length;
  return { value, share: (allowed - above) / equal };
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
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return { mean, standardError: n < 2 ? null : Math.sqrt(variance / n) };
}
