/**
 * Exponentials and logarithms less their leading terms, without the cancellation of the textbook form: the sums of
 * many coins are centred by them, so that n = 1e9 coins lose no more than one.
 */

/** A complex number. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

/** e^x − 1 − x. */
export function exponentialRest(x: number): number {
  if (Math.abs(x) > 0.5) return Math.expm1(x) - x;
  let [sum, term] = [0, x];
  for (let j = 2; j < 18; j++) {
    term *= x / j;
    sum += term;
  }
  return sum;
}

/** x − sin x. */
export function sineRest(x: number): number {
  if (Math.abs(x) > 0.7) return x - Math.sin(x);
  const y = x * x;
  let [sum, term] = [0, -x];
  for (let j = 3; j < 19; j += 2) {
    term *= -y / (j * (j - 1));
    sum += term;
  }
  return sum;
}

/** −ln(1 − z) − z for |z| < 1 or Re z < 1, on the principal branch. */
export function logarithmRest({ re, im }: Complex): Complex {
  const square = re * re + im * im;
  if (square > 0.04) {
    return { re: -0.5 * Math.log1p(square - 2 * re) - re, im: Math.atan2(im, 1 - re) - im };
  }
  // z² (1/2 + z (1/3 + z (1/4 + …))): 24 terms leave 0.2^24.
  let [a, b] = [0, 0];
  for (let j = 25; j >= 2; j--) [a, b] = [a * re - b * im + 1 / j, a * im + b * re];
  const [zz, ww] = [re * re - im * im, 2 * re * im];
  return { re: a * zz - b * ww, im: a * ww + b * zz };
}

/** A sum whose rounding does not grow with its length (Neumaier 1974). */
export function stableSum(values: Iterable<number>): number {
  let [sum, rest] = [0, 0];
  for (const value of values) {
    const next = sum + value;
    rest += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return sum + rest;
}
