/**
 * The e-BH procedure (Wang and Ramdas 2022) on m e-values: with e(1) ≥ e(2) ≥ …, it selects the k largest for the last k
 * with e(k) ≥ m / (k · level). The expected share of false ones among those selected is at most `level`, in (0, 1),
 * whatever the dependence. Of m only those ≥ 1/level need be given. (≤ m) → whether selected, in the order given.
 */
export function eBenjaminiHochberg(
  log10E: readonly number[],
  level: number,
  m = log10E.length,
): readonly boolean[] {
  const order = log10E.map((_, i) => i).sort((a, b) => log10E[b] - log10E[a]);
  const last = order.findLastIndex(
    (test, rank) => log10E[test] >= Math.log10(m / ((rank + 1) * level)) - 1e-12,
  );
  const selected = new Set(order.slice(0, last + 1));
  return log10E.map((_, i) => selected.has(i));
}
