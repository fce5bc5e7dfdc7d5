/** Rounding of weights, as an engine stores them: what a served student may have lost. */
import { type ModelShape, parameterLayout } from "./layout.js";

/**
 * Parameters (P) rounded to the nearest of 2^bits − 1 evenly spaced values of each matrix row, the largest of which is
 * the row's largest magnitude (symmetric round-to-nearest).
 * @throws RangeError unless `bits` is a whole number in [2, 16]
 */
export function roundToNearest(
  shape: ModelShape,
  parameters: Float32Array,
  bits: number,
): Float32Array {
  if (!Number.isInteger(bits) || bits < 2 || bits > 16) {
    throw new RangeError(`bits: expected an integer in [2, 16], got ${bits}`);
  }
  const levels = 2 ** (bits - 1) - 1;
  const out = parameters.slice();
  for (const { shape: dims, offset, size } of parameterLayout(shape)) {
    const columns = dims[dims.length - 1];
    for (let at = offset; at < offset + size; at += columns) {
      const row = out.subarray(at, at + columns);
      const largest = row.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
      const unit = largest / levels;
      if (unit > 0) for (let i = 0; i < columns; i++) row[i] = unit * Math.round(row[i] / unit);
    }
  }
  return out;
}
