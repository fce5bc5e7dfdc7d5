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
