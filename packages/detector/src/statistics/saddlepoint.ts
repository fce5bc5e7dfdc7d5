/**
 * The parts every exact tail is made of: saddle-point densities (Loader 2000, "Fast and accurate
 * computation of binomial probabilities") times a continued fraction. Nothing here cancels, so the
 * error of ln p stays at a few units in the last place of ln p however small p is.
 */

/** ½ ln 2π. */
export const HALF_LOG_TWO_PI = 0.9189385332046727;

/** Above this argument five terms of Stirling's series leave less than 1e-16. */
const STIRLING_FROM = 16;

/** Error of Stirling's formula, ln Γ(x+1) − ½ ln(2πx) − x ln x + x, for x > 0; absolute error 2e-15. */
export function stirlingError(x: number): number {
  let shifted = 0;
  let y = x;
  for (; y < STIRLING_FROM; y++) shifted += (y + 0.5) * Math.log1p(1 / y) - 1;
  const r = 1 / (y * y);
  const series = 1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r / 1188)));
  return shifted + series / y;
}

/**
 * Deviance x ln(x/m) − (x − m) of a count x ≥ 0 from a mean m > 0.
 * `excess` is x − m, which the caller often knows better than the rounded m does.
 */
export function deviance(x: number, m: number, excess: number): number {
  if (x === 0) return m;
  const v = excess / (x + m);
  if (!(Math.abs(v) <= 0.25)) return x * Math.log(x / m) - excess;
  // ln(x/m) = 2 artanh v, with the leading terms cancelled on paper.
  let sum = excess * v;
  let power = 2 * x * v;
  for (let j = 3; ; j += 2) {
    power *= v * v;
    const next = sum + power / j;
    if (next === sum) return sum;
    sum = next;
  }
}

/**
 * b₀ + a₁/(b₁ + a₂/(b₂ + …)) by the method of Lentz.
 * For positive terms successive convergents enclose the value, so the last change bounds the error.
 */
export function continuedFraction(
  a: (i: number) => number, // i ≥ 1
  b: (i: number) => number, // i ≥ 0
): number {
  let value = b(0);
  let c = value;
  let d = 0;
  for (let i = 1; ; i++) {
    const ai = a(i);
    const bi = b(i);
    d = 1 / (bi + ai * d);
    c = bi + ai / c;
    const change = c * d;
    value *= change;
    if (!(Math.abs(change - 1) > 4 * Number.EPSILON)) return value;
  }
}

/** c − a·b with one rounding of the difference: the product is taken exactly (Dekker 1971). */
export function subtractProduct(c: number, a: number, b: number): number {
  const product = a * b;
  const [aHigh, aLow] = split(a);
  const [bHigh, bLow] = split(b);
  const rest = aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
  return c - product - rest;
}

/** −a·b as a sum of two numbers, without rounding. */
export function negatedProduct(a: number, b: number): readonly [high: number, low: number] {
  const product = a * b;
  return [-product, subtractProduct(product, a, b)];
}

/** x as a sum of two numbers of 26 bits, whose products are exact (Veltkamp). */
function split(x: number): readonly [high: number, low: number] {
  const t = 134217729 * x; // 2^27 + 1
  const high = t - (t - x);
  return [high, x - high];
}
