/** What a model is made of, and the checks of what callers pass. */
import type { ModelShape } from "./layout.js";

export interface NeuralConfig extends ModelShape {
  /** B, sequences of one training step. */
  readonly batch: number;
  /** Adam's step size. Default .003. */
  readonly learningRate?: number;
  /** Engine threads. Default 1, with which a run repeats bit for bit on the same machine. */
  readonly threads?: number;
}

function checkInteger(name: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new RangeError(`${name}: expected an integer in [1, ${max}], got ${value}`);
  }
}

export function checkRate(value: number): void {
  if (!(value > 0 && Number.isFinite(value))) {
    throw new RangeError(`learningRate: expected a number > 0, got ${value}`);
  }
}

export function checkConfig(config: NeuralConfig): void {
  checkInteger("vocabularySize", config.vocabularySize, 1 << 20);
  checkInteger("width", config.width, 4096);
  checkInteger("layers", config.layers, 64);
  checkInteger("heads", config.heads, config.width);
  checkInteger("contextLength", config.contextLength, 4096);
  checkInteger("batch", config.batch, 4096);
  checkInteger("threads", config.threads ?? 1, 256);
  if (config.adapterRank !== 0) checkInteger("adapterRank", config.adapterRank ?? 1, config.width);
  checkRate(config.learningRate ?? 1);
  if (config.width % config.heads !== 0) {
    throw new RangeError(
      `width: expected a multiple of heads = ${config.heads}, got ${config.width}`,
    );
  }
}

export function checkSize(
  name: string,
  length: number,
  expected: readonly (readonly [string, number])[],
): void {
  const size = expected.reduce((product, [, factor]) => product * factor, 1);
  if (length === size) return;
  const formula = expected.map(([factor]) => factor).join(" × ");
  throw new RangeError(`${name}: expected ${formula} = ${size} entries, got ${length}`);
}

export function checkIds(name: string, ids: Int32Array, vocabularySize: number): void {
  for (const id of ids) {
    if (id < 0 || id >= vocabularySize) {
      throw new RangeError(`${name}: expected token ids in [0, ${vocabularySize}), got ${id}`);
    }
  }
}
