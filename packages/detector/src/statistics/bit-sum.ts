import type { Coin } from "./binomial.js";
import { exponentialRest, sineRest, stableSum } from "./centred.js";
import { negatedProduct } from "./saddlepoint.js";

/** `count` independent bits that score `weight`, a whole number ≥ 1, with probability p, else 0. */
export interface BitTerm extends Coin {
  readonly count: number;
  readonly weight: number;
}

/** A tail with the accuracy it was computed to. */
export interface ComputedTail {
  /** ln P(S ≥ x). */
  readonly lnP: number;
  /** Estimated relative error of P from the quadrature, by halving its step; rounding comes on top. */
  readonly error: number;
}

/** Halving the step squares the error: from here on the next rule is exact to the last place. */
const HALVED_ERROR = 1e-9;
/** Multiplications up to which the law is convolved bit by bit: for few bits of many weights no node is negligible. */
const CONVOLVED = 5e6;
/** Nodes whose modulus is below e^−60 of the largest count for nothing. */
const NEGLIGIBLE = -60;
/** Nodes of a block that is summed without another look. */
const BLOCK = 16;

/**
 * ln P(S ≥ x) for a sum S of weighted bits; x whole, in [1, largest sum].
 *
 * The sum of T_k e^(sk) z^k over k, T_k = P(S ≥ x + k), is (bits tilted by s)(z) / (1 − z e^−s); its coefficient at 0 is
 * taken by the trapezoid rule on the circle through the saddle point (Daniels 1954; Trefethen and Weideman 2014). On a
 * lattice the rule's only error is aliasing, which falls geometrically with the number of nodes. Short laws are convolved.
 */
export function bitSumTail(terms: readonly BitTerm[], x: number): ComputedTail {
  const excess = stableSum([x, ...terms.flatMap((t) => negatedProduct(t.count * t.weight, t.p))]);
  if (excess > 0) return upperTail(terms, { x, excess });
  // S ≤ x − 1: the other sides of the bits score the rest of the largest sum.
  const most = terms.reduce((sum, { count, weight }) => sum + count * weight, 0);
  const mirrored = terms.map((term) => ({ ...term, p: term.q, q: term.p }));
  const lower = upperTail(mirrored, { x: most - x + 1, excess: 1 - excess });
  const p = Math.exp(lower.lnP);
  return { lnP: Math.log1p(-p), error: (lower.error * p) / (1 - p) };
}

/** A threshold and its distance from the mean. */
interface Threshold {
  readonly x: number;
  readonly excess: number;
}

function upperTail(terms: readonly BitTerm[], { x, excess }: Threshold): ComputedTail {
  const most = terms.reduce((sum, { count, weight }) => sum + count * weight, 0);
  if (x === most) return { lnP: stableSum(terms.map((t) => t.count * Math.log(t.p))), error: 0 };
  const s = saddle(terms, x);
  const tilted = terms.map((term) => tiltedTerm(term, s));
  const rise = stableSum(tilted.map((t, i) => t.count * t.weight * (t.p - terms[i].p)));
  const circle: Circle = { terms: tilted, s, residual: rise - excess };
  const sigma = Math.sqrt(
    tilted.reduce((sum, { count, weight, p, q }) => sum + count * weight * weight * p * q, 0),
  );
  const peak = logPeak(terms, { s, excess, missing: most - x });
  const bits = terms.reduce((sum, { count }) => sum + count, 0);
  if (bits * most <= CONVOLVED) {
    return { lnP: peak + Math.log(convolved(tilted, { s, x, most })), error: 0 };
  }
  for (let nodes = 2 ** Math.ceil(Math.log2(Math.max(16, 10 * sigma, 25 / s))); ; nodes *= 2) {
    const { all, even } = circleSum(circle, nodes);
    const halved = Math.abs(even / all - 1);
    if (halved > HALVED_ERROR && nodes < 2 ** 40) continue;
    return { lnP: peak + Math.log(all), error: halved * halved };
  }
}

/** The s > 0 at which K′(s) = x + 1/(e^s − 1): the saddle of K(s) − sx − ln(1 − e^−s). To some digits; any will do. */
function saddle(terms: readonly BitTerm[], x: number): number {
  const above = (s: number): boolean =>
    terms.reduce((sum, t) => sum + t.count * t.weight * tiltedTerm(t, s).p, 0) >
    x + 1 / Math.expm1(s);
  let high = 1e-12;
  while (!above(high) && high < 1e3) high *= 4;
  let low = high / 4;
  for (let i = 0; i < 24; i++) {
    const middle = Math.sqrt(low * high);
    if (above(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function tiltedTerm(term: BitTerm, s: number): BitTerm {
  const { p, q, weight } = term;
  const factor = Math.exp(-s * weight);
  const total = p + q * factor;
  return { ...term, p: p / total, q: (q * factor) / total };
}

/** K(s) − sx, from the mean or from the largest sum, whichever is nearer to x: less cancels. */
function logPeak(
  terms: readonly BitTerm[],
  { s, excess, missing }: { readonly s: number; readonly excess: number; readonly missing: number },
): number {
  if (missing < excess) {
    const fromTop = terms.map((t) => t.count * cumulantFromTop(t, t.weight * s));
    return stableSum([...fromTop, s * missing]);
  }
  const fromMean = terms.map((t) => t.count * centredCumulant(t, t.weight * s));
  return stableSum([...fromMean, -s * excess]);
}

/** ln E[e^(v(X − 1))] of one bit X. */
function cumulantFromTop({ p, q }: Coin, v: number): number {
  return p > 0.5 ? Math.log1p(q * Math.expm1(-v)) : Math.log(p + q * Math.exp(-v));
}

/** ln E[e^(v(X − p))] of one bit X. */
function centredCumulant({ p, q }: Coin, v: number): number {
  // Far out e^(qv) dominates everything; taken out, it cannot overflow.
  if (v > 30) return q * v + Math.log(p + q * Math.exp(-v));
  return Math.log1p(q * exponentialRest(-p * v) + p * exponentialRest(q * v));
}

/** E[e^(−s(S − x)); S ≥ x] of tilted bits, from their law: all terms are positive, and tilting keeps them in range. */
function convolved(
  tilted: readonly BitTerm[],
  { s, x, most }: { readonly s: number; readonly x: number; readonly most: number },
): number {
  const law = new Float64Array(most + 1);
  law[0] = 1;
  let reached = 0;
  for (const { count, weight, p, q } of tilted) {
    for (let i = 0; i < count; i++) {
      reached += weight;
      // Downwards in place: what a bit adds comes from sums not yet changed.
      for (let v = reached; v >= weight; v--) law[v] = law[v] * q + law[v - weight] * p;
      for (let v = weight - 1; v >= 0; v--) law[v] *= q;
    }
  }
  let total = 0;
  for (let v = most; v >= x; v--) total += law[v] * Math.exp(-s * (v - x));
  return total;
}

/** Tilted bits and what is left of the saddle-point equation: their mean less x. */
interface Circle {
  readonly terms: readonly BitTerm[];
  readonly s: number;
  readonly residual: number;
}

/** The trapezoid rule with all of `nodes`, and with every second one. */
function circleSum(circle: Circle, nodes: number): { readonly all: number; readonly even: number } {
  const step = (2 * Math.PI) / nodes;
  let [all, even] = [0, 0];
  /** Adds nodes from … to, unless all of them are negligible. */
  const visit = (from: number, to: number): void => {
    const [middle, radius] = [((from + to) / 2) * step, ((to - from) / 2) * step];
    if (largestModulus(circle.terms, middle, radius) < NEGLIGIBLE) return;
    if (to - from >= BLOCK) {
      const half = Math.floor((from + to) / 2);
      visit(from, half);
      return visit(half + 1, to);
    }
    for (let k = from; k <= to; k++) {
      const twice = k === 0 || 2 * k === nodes ? 1 : 2;
      const value = twice * nodeValue(circle, k * step);
      all += value;
      if (k % 2 === 0) even += value;
    }
  };
  visit(0, nodes / 2);
  return { all: all / nodes, even: (2 * even) / nodes };
}

/** Upper bound of ln |φ| over angles within `radius` of `middle`. */
function largestModulus(terms: readonly BitTerm[], middle: number, radius: number): number {
  let bound = 0;
  for (const { count, weight, p, q } of terms) {
    const angle = (weight * middle) / 2;
    const distance = Math.abs(angle - Math.PI * Math.round(angle / Math.PI));
    const sine = Math.sin(Math.max(0, distance - (weight * radius) / 2));
    bound += 0.5 * count * Math.log1p(-Math.min(1, 4 * p * q * sine * sine));
  }
  return bound;
}

/** Re φ(θ) e^(−iθx) / (1 − e^(−s − iθ)), φ the characteristic function of the tilted bits. */
function nodeValue({ terms, s, residual }: Circle, theta: number): number {
  let [log, phase] = [0, theta * residual];
  for (const { count, weight, p, q } of terms) {
    const u = weight * theta;
    const [sine, a, b] = [Math.sin(u / 2), Math.sin((p * u) / 2), Math.sin((q * u) / 2)];
    log += 0.5 * count * Math.log1p(-Math.min(1, 4 * p * q * sine * sine));
    // φ e^(−ipu) = 1 + y, and y comes without cancellation.
    const re = -2 * (q * a * a + p * b * b);
    phase += count * Math.atan2(q * sineRest(p * u) - p * sineRest(q * u), 1 + re);
  }
  const [half, decay] = [Math.sin(theta / 2), Math.exp(-s)];
  const [re, im] = [-Math.expm1(-s) + 2 * decay * half * half, decay * Math.sin(theta)];
  const modulus = Math.exp(log) / (re * re + im * im);
  return modulus * (re * Math.cos(phase) + im * Math.sin(phase));
}
