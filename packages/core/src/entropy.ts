/** Shannon entropy of softmax, nats; never below 0. */
export function entropyOf(logits: Float32Array): number {
  const top = logits.reduce((best, logit) => Math.max(best, logit), -Infinity);
  let [total, weighted] = [0, 0];
  for (const logit of logits) {
    const weight = Math.exp(logit - top);
    total += weight;
    if (weight > 0) weighted += weight * (logit - top);
  }
  return Math.max(0, Math.log(total) - weighted / total);
}

/** Spike entropy Σ p/(1 + z p) of softmax (Kirchenbauer et al. 2023), in [1/(1 + z), 1]. */
export function spikeEntropyOf(logits: Float32Array, z: number): number {
  const top = logits.reduce((best, logit) => Math.max(best, logit), -Infinity);
  let [total, spikes] = [0, 0];
  for (const logit of logits) total += Math.exp(logit - top);
  for (const logit of logits) {
    const p = Math.exp(logit - top) / total;
    spikes += p / (1 + z * p);
  }
  return spikes;
}
