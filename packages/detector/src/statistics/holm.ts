/**
 * Holm's step-down adjustment (1979) of m tests: with p(1) ≤ p(2) ≤ …, the adjusted p(i) is the largest
 * (m − j + 1) p(j) over j ≤ i, at most 1. Rejecting where it is ≤ α keeps the chance of any false alarm ≤ α.
 * In log10. Of m tests only those with the smallest p need be given. (≤ m) → (≤ m), in the order given.
 */
export function holm(log10P: readonly number[], m = log10P.length): readonly number[] {
  const order = log10P.map((_, i) => i).sort((a, b) => log10P[a] - log10P[b]);
  const adjusted: number[] = Array.from({ length: log10P.length }, () => 0);
  let largest = -Infinity;
  order.forEach((test, rank) => {
    largest = Math.max(largest, Math.log10(m - rank) + log10P[test]);
    adjusted[test] = Math.min(0, largest);
  });
  return adjusted;
}
