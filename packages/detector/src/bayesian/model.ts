/**
 * SynthID's Bayesian score (Dathathri et al. 2024, appendix): how likely each g-value is in marked text, given the
 * layers before it. D layers.
 */
export interface BayesianModel {
  readonly depth: number;
  /** Prior probability of a mark, in (0, 1). */
  readonly prior: number;
  readonly beta: Float64Array; // (D)
  /** Row l holds the weights of layers before l. (D, D), row-major, strictly lower triangle used */
  readonly delta: Float64Array;
}

/** ln P(g_l | marked) − ln P(g_l | unmarked), summed over layers, of one position. */
export function positionLogRatio(model: BayesianModel, word: number): number {
  let sum = 0;
  for (let l = 0; l < model.depth; l++) {
    const two = twoCandidates(model, word, l);
    sum += Math.log(likelihood((word >>> l) & 1, two)) - Math.log(0.5);
  }
  return sum;
}

/** The posterior probability of a mark, given the positions that the mask keeps. Not a p-value. */
export function posterior(model: BayesianModel, words: Uint32Array, mask: Uint8Array): number {
  let logit = Math.log(model.prior) - Math.log1p(-model.prior);
  for (let i = 0; i < words.length; i++)
    if (mask[i] === 1) logit += positionLogRatio(model, words[i]);
  return 1 / (1 + Math.exp(-logit));
}

/** Probability that two distinct tokens met in layer l's match. */
export function twoCandidates(
  { depth, beta, delta }: BayesianModel,
  word: number,
  l: number,
): number {
  let z = beta[l];
  for (let j = 0; j < l; j++) z += delta[l * depth + j] * ((word >>> j) & 1);
  return 1 / (1 + Math.exp(-z));
}

/** P(g | marked): ½[(g + ½) p₂ + 1 − p₂]. */
export function likelihood(g: number, two: number): number {
  return 0.5 * ((g + 0.5) * two + 1 - two);
}
