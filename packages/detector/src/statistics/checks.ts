/** Throws a RangeError naming the argument unless `value` is an integer in [min, max]. */
export function requireInteger(
  name: string,
  value: number,
  { min, max = Number.MAX_SAFE_INTEGER }: { readonly min: number; readonly max?: number },
): void {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer in [${min}, ${max}], got ${String(value)}`);
  }
}

/** Throws a RangeError naming the argument unless `value` is a number in [min, max]. */
export function requireReal(
  name: string,
  value: number,
  { min, max }: { readonly min: number; readonly max: number },
): void {
  if (!(typeof value === "number" && value >= min && value <= max)) {
    throw new RangeError(`${name} must be in [${min}, ${max}], got ${String(value)}`);
  }
}

/** Throws a RangeError naming the argument unless `value` lies strictly between `above` and `below`. */
export function requireBetween(
  name: string,
  value: number,
  { above = 0, below = 1 }: { readonly above?: number; readonly below?: number } = {},
): void {
  if (!(typeof value === "number" && value > above && value < below)) {
    throw new RangeError(`${name} must be in (${above}, ${below}), got ${String(value)}`);
  }
}
