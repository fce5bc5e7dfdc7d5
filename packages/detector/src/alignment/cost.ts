/**
 * Alignment of a block of tokens with rows of key randomness (Kuditipudi et al. 2023). k: block length; costs of one
 * position against one row are the mark's own.
 */

/** Cost of the i-th token of a block against the j-th row. */
export type PairCost = (i: number, j: number) => number;

/** Sum of costs along the diagonal: no insertions or deletions. */
export function straightCost(k: number, cost: PairCost): number {
  let sum = 0;
  for (let i = 0; i < k; i++) sum += cost(i, i);
  return sum;
}

/** Edit cost of `rows` tokens against `columns` rows where an insertion or deletion costs `gap`. Keeps two lines. */
export class EditCost {
  #previous = new Float64Array(0);
  #current = new Float64Array(0);

  compute(
    size: { readonly rows: number; readonly columns: number },
    gap: number,
    cost: PairCost,
  ): number {
    const { rows, columns } = size;
    if (this.#previous.length <= columns) {
      this.#previous = new Float64Array(columns + 1);
      this.#current = new Float64Array(columns + 1);
    }
    for (let j = 0; j <= columns; j++) this.#previous[j] = j * gap;
    for (let i = 1; i <= rows; i++) {
      const [previous, current] = [this.#previous, this.#current];
      current[0] = i * gap;
      for (let j = 1; j <= columns; j++) {
        const skip = Math.min(previous[j], current[j - 1]) + gap;
        current[j] = Math.min(skip, previous[j - 1] + cost(i - 1, j - 1));
      }
      this.#previous = current;
      this.#current = previous;
    }
    return this.#previous[columns];
  }
}

/** Smallest cost over blocks of the text and cyclic shifts of the key, and where it is. */
export interface BestAlignment {
  readonly cost: number;
  readonly block: number;
  readonly shift: number;
}

/**
 * Every block of k tokens against every cyclic shift of n rows; `cost(token index, row index)`.
 * @param gap of an insertion or deletion; null for none at all
 */
export function bestAlignment(
  size: { readonly tokens: number; readonly rows: number; readonly k: number },
  gap: number | null,
  cost: PairCost,
): BestAlignment {
  const { tokens, rows, k } = size;
  const edit = new EditCost();
  let best: BestAlignment = { cost: Infinity, block: 0, shift: 0 };
  for (let block = 0; block + k <= tokens; block++) {
    for (let shift = 0; shift < rows; shift++) {
      const pair: PairCost = (i, j) => cost(block + i, (shift + j) % rows);
      const found =
        gap === null ? straightCost(k, pair) : edit.compute({ rows: k, columns: k }, gap, pair);
      if (found < best.cost) best = { cost: found, block, shift };
    }
  }
  return best;
}
