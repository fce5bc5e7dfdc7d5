/**
 * Weight of each layer. The peers' weighted mean has 10 … 1, linearly; scaled by D − 1 the weights are whole numbers,
 * so that sums are exact.
 */
export function layerWeights(
  depth: number,
  statistic: "mean" | "weighted-mean",
): readonly number[] {
  if (statistic === "mean" || depth === 1) return Array.from({ length: depth }, () => 1);
  return Array.from({ length: depth }, (_, layer) => 10 * (depth - 1) - 9 * layer);
}

/** Sum of the weights of a word's ones, layer l in bit l. */
export function layerScore(weights: readonly number[]): (word: number) => number {
  if (weights.every((weight) => weight === 1)) return countOnes;
  return (word) => {
    let sum = 0;
    for (let layer = 0; layer < weights.length; layer++)
      sum += ((word >>> layer) & 1) * weights[layer];
    return sum;
  };
}

/** Ones of a 32-bit word: sums of neighbouring bits, pairs, fours and eights (Warren 2013, section 5-1). */
function countOnes(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
