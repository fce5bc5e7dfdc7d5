import type { Tokens } from "@verdigris/core";
import { type TextSealMark, textSealUniform } from "./textseal.js";

/** A step of TextSeal's generators. */
export interface TextSealStep {
  readonly mark: TextSealMark;
  readonly key: bigint;
  readonly context: Tokens;
  readonly gamma: number;
  /** Bias of the green list. */
  readonly delta: number;
  /** DiP's. */
  readonly alpha: number;
  readonly depth: number;
  readonly temperature: number;
  readonly topP: number;
}

/** The probabilities TextSeal 0.0.5 samples from, for gumbelmax 1 at the token picked. (V) */
export function textSealGenerate(logits: Float32Array, step: TextSealStep): Float64Array {
  const p = kept(softmax(logits, step.temperature), step.topP);
  const uniform = textSealUniform(step.key, step.context.length);
  const u = (token: number): number => uniform(step.context, step.context.length, token);
  switch (step.mark) {
    case "gumbelmax":
      return onlyBest(p, (id) => Math.log(u(id)) / p[id]);
    case "greenlist":
      return normalised(
        p.map((mass, id) => mass * (u(id) < step.gamma ? Math.exp(step.delta) : 1)),
      );
    case "synthid":
    case "synthid-weighted":
      for (let layer = 0; layer < step.depth; layer++) {
        const green = p.map((_, id) => (u(id + layer) < step.gamma ? 1 : 0));
        const mass = p.reduce((sum, value, id) => sum + value * green[id], 0);
        p.forEach((value, id) => (p[id] = value * (1 + green[id] - mass)));
      }
      return normalised(p);
    case "dipmark":
      return dip(p, { order: byUniform(p, u), alpha: step.alpha });
    case "morphmark":
      return kept(
        morphed(softmax(logits, step.temperature), (id) => u(id) < step.gamma),
        step.topP,
      );
  }
}

/** Slope of MorphMark's strength in the green mass. */
const MORPH_SLOPE = 1.3;

/**
 * MorphMark (Wang et al. 2025): of the red mass, a share that grows with the green mass P goes to the green tokens,
 * here min(1, 1.3 P). TextSeal truncates after it.
 */
function morphed(p: Float64Array, isGreen: (id: number) => boolean): Float64Array {
  const green = p.reduce((sum, mass, id) => sum + (isGreen(id) ? mass : 0), 0);
  const share = Math.min(1, MORPH_SLOPE * green);
  const raised = (green + share * (1 - green)) / green;
  return p.map((mass, id) => mass * (isGreen(id) ? raised : 1 - share));
}

function softmax(logits: Float32Array, temperature: number): Float64Array {
  const top = logits.reduce((best, logit) => Math.max(best, logit), -Infinity);
  return normalised(Float64Array.from(logits, (logit) => Math.exp((logit - top) / temperature)));
}

/** Top-p: a token stays while the mass before it is at most top-p. */
function kept(p: Float64Array, topP: number): Float64Array {
  const out = p.slice();
  let before = 0;
  for (const id of [...p.keys()].sort((a, b) => p[b] - p[a])) {
    if (before > topP) out[id] = 0;
    before += p[id];
  }
  return normalised(out);
}

/** DiP (Wu et al. 2023): the cumulative law by falling uniform, F → max(F − α, 0) + max(F − (1 − α), 0). */
function dip(
  p: Float64Array,
  { order, alpha }: { readonly order: readonly number[]; readonly alpha: number },
): Float64Array {
  const out = new Float64Array(p.length);
  const moved = (F: number): number => Math.max(F - alpha, 0) + Math.max(F - (1 - alpha), 0);
  let F = 0;
  for (const id of order) {
    out[id] = moved(F + p[id]) - moved(F);
    F += p[id];
  }
  return out;
}

function byUniform(p: Float64Array, u: (token: number) => number): readonly number[] {
  const values = p.map((_, id) => u(id));
  return [...p.keys()].sort((a, b) => values[b] - values[a] || a - b);
}

function onlyBest(p: Float64Array, value: (id: number) => number): Float64Array {
  let [best, pick] = [-Infinity, 0];
  for (let id = 0; id < p.length; id++) {
    if (p[id] > 0 && value(id) > best) [best, pick] = [value(id), id];
  }
  return p.map((_, id) => (id === pick ? 1 : 0));
}

function normalised(weights: Float64Array): Float64Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
