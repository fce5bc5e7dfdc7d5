/** How the strength grows with the green mass P: 1.55 P, e^(1.3 P) − 1, or ln(1 + 2.15 P); none up to P = .15, 1 at most. */
export type MorphStrength = "linear" | "exp" | "log";

const LEAST_MASS = 0.15;

/**
 * MarkLLM's MorphMark (Wang et al. 2025): of the red mass a share that grows with the green mass goes to the green
 * tokens. Returns ln of the new probabilities. (V)
 */
export function morphMark(
  logits: Float32Array,
  isGreen: (id: number) => boolean,
  kind: MorphStrength,
): Float32Array {
  const top = logits.reduce((best, logit) => Math.max(best, logit), -Infinity);
  const weights = Float64Array.from(logits, (logit) => Math.exp(logit - top));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const green = weights.reduce((sum, weight, id) => sum + (isGreen(id) ? weight / total : 0), 0);
  const share = green <= LEAST_MASS ? 0 : Math.min(1, strength(kind, green));
  const raised = (green + share * (1 - green)) / green;
  return Float32Array.from(weights, (weight, id) =>
    Math.log((weight / total) * (isGreen(id) ? raised : 1 - share)),
  );
}

function strength(kind: MorphStrength, P: number): number {
  if (kind === "linear") return 1.55 * P;
  return kind === "exp" ? Math.expm1(1.3 * P) : Math.log1p(2.15 * P);
}
