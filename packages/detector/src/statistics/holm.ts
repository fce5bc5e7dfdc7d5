/**
 * Holm's step-down adjustment (1979) of m tests: with p(1) ≤ p(2) ≤ …, the adjusted p(i) is the largest
 * (m − j + 1) p(j) over j ≤ i, at most 1. Rejecting where it is ≤ α keeps the chance of any false alarm ≤ α.
 * In log10. (m) → (m), in the order given.
 */
export function holm(log10P: readonly number[]): readonly number[] {
  const m = log10P.length;
  const order = log10P.map((_, i) => i).sort((a, b) => log10P[a] - log10P[b]);
  const adjusted: number[] = Array.from({ length: m }, () => 0);
  let largest = -Infinity;
  order.forEach((test, rank) => {
    largest = Math.max(largest, Math.log10(m - rank) + log10P[test]);
    adjusted[test] = Math.min(0, largest);
  });
  return adjusted;
}
