/** The gain A of a kind of student, fitted to cells whose forecasts were written before training. */
import { replicated } from "../lab/replication.js";
import type { Estimate } from "./prediction.js";

/** One run: what the law forecast at a gain, and what was measured. */
export interface GainRun {
  /** The unit of replication: runs of one key share its luck. */
  readonly key: number;
  readonly forecast: { readonly epsilon: number; readonly gain: number };
  /** Measured excess, best of an open audit: its noise is less. */
  readonly epsilon: number;
}

/**
 * A by least squares through the origin within each key, A_k = Σ m f / Σ f², f the forecast at gain 1; the mean over keys with Student's t
 * interval, 95 %. @throws RangeError with fewer than two keys, or a key whose runs forecast nothing
 */
export function fitGain(runs: readonly GainRun[]): Estimate {
  const keys = [...new Set(runs.map(({ key }) => key))];
  const gains = keys.map((key) => ({ key, value: gainOf(runs.filter((run) => run.key === key)) }));
  const { value, interval } = replicated(gains);
  if (interval === null) {
    throw new RangeError(`runs: expected runs of at least two keys, got ${keys.length}`);
  }
  return { value, ...interval };
}

function gainOf(runs: readonly GainRun[]): number {
  let [products, squares] = [0, 0];
  for (const { epsilon, forecast } of runs) {
    const atOne = forecast.epsilon / forecast.gain;
    products += epsilon * atOne;
    squares += atOne * atOne;
  }
  if (squares > 0) return products / squares;
  throw new RangeError(`runs: expected a forecast excess of key ${runs[0].key}, got none`);
}
