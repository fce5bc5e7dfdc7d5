import type { Walk } from "./walk.js";

/** Relative change of the hazard per step below which it has settled. */
const SETTLED = 1e-7;

/**
 * P(the walk reaches a height of `units` or more on n coins that follow the law): its Markov chain, absorbed there
 * (Page 1954; Brook and Evans 1972). Exact but for rounding; once the chance per step has settled it is extrapolated.
 */
export function maximumP(walk: Walk, n: number, units: number): number {
  const { lowest, probabilities } = walk;
  const steps = Math.floor(n / walk.block);
  if (units <= 0) return 1;
  const above = tails(probabilities);
  const possible = [...probabilities.keys()].filter((i) => probabilities[i] > 0);
  const carried = Int32Array.from({ length: units - lowest }, (_, i) => walk.carry(lowest + i));
  const states = walk.carry(units - 1) + 1;
  let alive = new Float64Array(states);
  let next = new Float64Array(states);
  alive[0] = 1;
  let [absorbed, hazard] = [0, 0];
  for (let step = 1; step <= steps; step++) {
    next.fill(0);
    let [lost, total] = [0, 0];
    for (let at = 0; at < states; at++) {
      const mass = alive[at];
      if (mass < 1e-250) continue;
      total += mass;
      const over = units - at - lowest;
      if (over < above.length) lost += mass * above[Math.max(0, over)];
      for (const i of possible) {
        if (i >= over) break;
        next[carried[at + i]] += mass * probabilities[i];
      }
    }
    absorbed += lost;
    [alive, next] = [next, alive];
    const rate = lost / total;
    if (step > 100 && Math.abs(rate - hazard) <= SETTLED * rate) {
      absorbed += (steps - step) * rate * (1 + 1e-5);
      break;
    }
    hazard = rate;
  }
  return Math.min(1, absorbed);
}

/** tails[i] = p[i] + p[i + 1] + … */
function tails(p: Float64Array): Float64Array {
  const out = new Float64Array(p.length + 1);
  for (let i = p.length - 1; i >= 0; i--) out[i] = out[i + 1] + p[i];
  return out;
}
