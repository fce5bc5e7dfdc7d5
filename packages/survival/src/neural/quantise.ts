/** Rounding of weights, as an engine stores them: what a served student may have lost. */
import { type ModelShape, parameterLayout } from "./model.js";
import { sizeOf } from "./ops.js";

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
  let offset = 0;
  for (const { shape: dims } of parameterLayout(shape)) {
    const columns = dims[dims.length - 1];
    for (const end = offset + sizeOf(dims); offset < end; offset += columns) {
      const row = out.subarray(offset, offset + columns);
      const largest = row.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
      const unit = largest / levels;
      if (unit > 0) for (let i = 0; i < columns; i++) row[i] = unit * Math.round(row[i] / unit);
    }
  }
  return out;
}
