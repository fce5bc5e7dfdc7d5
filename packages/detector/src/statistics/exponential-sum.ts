import type { ComputedTail } from "./bit-sum.js";
import { type Complex, logarithmRest, stableSum } from "./centred.js";
import { negatedProduct } from "./saddlepoint.js";

/** `count` independent exponential scores of a mean above 0. */
export interface ExponentialTerm {
  readonly count: number;
  readonly mean: number;
}

/** Halving the step squares the error: from here on the next rule is exact to the last place. */
const HALVED_ERROR = 1e-9;
/** The contour ends where the integrand is below e^−48 of its largest value. */
const NEGLIGIBLE = -48;

/**
 * ln P(S ≥ x) for a sum S of weighted exponential scores, x > 0: the inversion integral of e^(K(λ) − λx)/λ along a
 * parabola through its saddle point that follows the steepest descent to third order, by the trapezoid rule
 * (Weideman and Trefethen 2007).
 */
export function exponentialSumTail(terms: readonly ExponentialTerm[], x: number): ComputedTail {
  const excess = stableSum([x, ...terms.flatMap((t) => negatedProduct(t.count, t.mean))]);
  const side = excess > 0 ? 1 : -1;
  const s = saddle(terms, x, side);
  const tilted = terms.map(({ count, mean }) => ({ count, mean: mean / (1 - s * mean) }));
  const drift = stableSum(tilted.map((t, i) => s * t.count * t.mean * terms[i].mean));
  const contour: Contour = { terms: tilted, s, residual: drift - excess, bend: bendOf(tilted) };
  const cumulant = stableSum(
    terms.map(({ count, mean }) => count * logarithmRest({ re: s * mean, im: 0 }).re),
  );
  const { value, error } = integral(contour);
  const ln = cumulant - s * excess + Math.log(side * value);
  if (side === 1) return { lnP: ln, error };
  const p = Math.exp(ln);
  return { lnP: Math.log1p(-p), error: (error * p) / (1 - p) };
}

/** The s between 0 and the pole (or below 0) at which K′(s) = x + 1/s; to some digits, any on its side will do. */
function saddle(terms: readonly ExponentialTerm[], x: number, side: 1 | -1): number {
  const pole = 1 / Math.max(...terms.map(({ mean }) => mean));
  const above = (s: number): boolean =>
    terms.reduce((sum, { count, mean }) => sum + (count * mean) / (1 - s * mean), 0) > x + 1 / s;
  // Below 0 the search is for |s|, on which K′ − 1/s falls.
  let [low, high] = [0, pole];
  if (side === -1) while (above(-high)) high *= 4;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (above(side * middle) === (side === 1)) high = middle;
    else low = middle;
  }
  return side * high;
}

/** Curvature of the path of steepest descent: K‴ / 6K″. */
function bendOf(tilted: readonly ExponentialTerm[]): number {
  const power = (k: number): number =>
    tilted.reduce((sum, { count, mean }) => sum + count * mean ** k, 0);
  return power(3) / (3 * power(2));
}

/** λ(y) = s + iy + bend·y², the tilted terms, and what is left of the saddle-point equation. */
interface Contour {
  readonly terms: readonly ExponentialTerm[];
  readonly s: number;
  readonly residual: number;
  readonly bend: number;
}

/** (1/π) ∫ of the integrand's real part over y ≥ 0; the step is halved until that changes nothing. */
function integral(contour: Contour): { readonly value: number; readonly error: number } {
  const variance = contour.terms.reduce((sum, { count, mean }) => sum + count * mean * mean, 0);
  let step = Math.min(1 / Math.sqrt(variance), Math.abs(contour.s));
  let before = alternate(contour, step, 0);
  for (;;) {
    step /= 2;
    const now = before / 2 + alternate(contour, step, 1);
    const halved = Math.abs(before / now - 1);
    if (halved <= HALVED_ERROR) return { value: now / Math.PI, error: halved * halved };
    before = now;
  }
}

/** The rule's nodes: all of them (`first` 0), or every second one from the first on. */
function alternate(contour: Contour, step: number, first: 0 | 1): number {
  let sum = first === 0 ? node(contour, 0).value / 2 : 0;
  for (let k = 1; ; k += first + 1) {
    const { value, log } = node(contour, k * step);
    sum += value;
    if (log < NEGLIGIBLE) return sum * step;
  }
}

/** Re of e^(K(λ) − λx) λ′(y) / (iλ), over e^(K(s) − sx), and the ln of its exponential's modulus. */
function node(
  { terms, s, residual, bend }: Contour,
  y: number,
): { readonly value: number; readonly log: number } {
  const zeta: Complex = { re: bend * y * y, im: y };
  let [log, phase] = [residual * zeta.re, residual * zeta.im];
  for (const { count, mean } of terms) {
    const rest = logarithmRest({ re: mean * zeta.re, im: mean * zeta.im });
    log += count * rest.re;
    phase += count * rest.im;
  }
  // (1 − 2i·bend·y) / (s + ζ)
  const re = s + zeta.re;
  const square = re * re + y * y;
  const factor = { re: (re - 2 * bend * y * y) / square, im: (-2 * bend * y * re - y) / square };
  const modulus = Math.exp(log);
  return { value: modulus * (factor.re * Math.cos(phase) - factor.im * Math.sin(phase)), log };
}
