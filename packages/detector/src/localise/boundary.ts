import type { NullLaw } from "@verdigris/core";
import { cumulant, tiltOf } from "../statistics/cumulant.js";
import type { Window } from "./windows.js";

/** One end of a span: the most likely coin index and a 95 % credible interval. */
export interface Boundary {
  readonly at: number;
  readonly low: number;
  readonly high: number;
}

/** Largest tilt a boundary assumes: a mark so strong that nearly every coin shows it. */
const STRONGEST = { exponential: 0.95, exponentials: 0.95, bernoulli: 6, bits: 6 } as const;

/** The largest tilt of a law that is considered. */
export function strongestTilt(law: NullLaw): number {
  const scale =
    law.kind === "bits" ? Math.max(...law.weights) : law.kind === "exponentials" ? law.means[0] : 1;
  return STRONGEST[law.kind] / scale;
}

/**
 * Where a found window really starts and ends, given that it has one marked run: coins inside follow the law tilted to
 * the window's own mean, coins outside the law. Each end is judged by its likelihood with a flat prior over the coins
 * between the neighbouring windows and the window's middle.
 *
 * @param sums prefix sums of the scores (n + 1)
 * @param room coins the span may cover: from the end of the window before to the start of the one after
 */
export function boundaries(
  law: NullLaw,
  sums: Float64Array,
  { window, room }: { readonly window: Window; readonly room: Window },
): { readonly start: Boundary; readonly end: Boundary } {
  const { start, end } = window;
  const mean = (sums[end] - sums[start]) / (end - start);
  const lambda = tiltOf(law, mean, strongestTilt(law));
  const rate = cumulant(law, lambda);
  const middle = Math.floor((start + end) / 2);
  /** Log-likelihood ratio of "coins from … to − 1 are marked". */
  const gain = (from: number, to: number): number =>
    lambda * (sums[to] - sums[from]) - (to - from) * rate;
  return {
    start: judged(room.start, middle, (at) => gain(at, middle)),
    end: judged(middle + 1, room.end, (at) => gain(middle, at)),
  };
}

/** The place of the largest log-likelihood among low … high, and where 95 % of the likelihood lies around it. */
function judged(low: number, high: number, logLikelihood: (at: number) => number): Boundary {
  const values = Float64Array.from({ length: high - low + 1 }, (_, i) => logLikelihood(low + i));
  const top = values.reduce((best, value) => Math.max(best, value), -Infinity);
  const likelihood = values.map((value) => Math.exp(value - top));
  const total = likelihood.reduce((sum, value) => sum + value, 0);
  let [seen, first, last] = [0, 0, values.length - 1];
  for (let i = 0; i < values.length; i++) {
    if (seen <= 0.025 * total) first = i;
    seen += likelihood[i];
    if (seen >= 0.975 * total) {
      last = i;
      break;
    }
  }
  return { at: low + values.indexOf(top), low: low + first, high: low + last };
}
