/**
 * Which tensors a model is made of and where they lie in its flat vector of parameters.
 *
 * d width, V vocabulary, T context length, r rank of the adapters, P parameters.
 */
import type { Random } from "@verdigris/core";

export interface ModelShape {
  /** V. */
  readonly vocabularySize: number;
  /** d, a multiple of `heads`. */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** T, the most tokens the model looks back on. */
  readonly contextLength: number;
  /** r: only low-rank adapters beside the layers' matrices are trained (Hu et al. 2022). Default 0: everything is. */
  readonly adapterRank?: number;
}

/** One tensor of the flat vector. */
export interface ParameterTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Standard deviation of the initial values. */
  readonly spread: number;
  /** Whether training moves it. */
  readonly trained: boolean;
  readonly offset: number;
  readonly size: number;
}

/** The matrices of one layer. */
export const LAYER_MATRICES = ["query", "key", "value", "mix", "expand", "contract"] as const;
export type LayerMatrix = (typeof LAYER_MATRICES)[number];

/** Entries of a tensor. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Rows and columns of a layer's matrix. */
function matrixShape(name: LayerMatrix, width: number): readonly [number, number] {
  if (name === "expand") return [width, 4 * width];
  return [name === "contract" ? 4 * width : width, width];
}

type Entry = Omit<ParameterTensor, "offset" | "size">;

function layerEntries(shape: ModelShape, layer: number): readonly Entry[] {
  const { width, layers, adapterRank: rank = 0 } = shape;
  return LAYER_MATRICES.map((name): Entry => {
    const dims = matrixShape(name, width);
    // Layers add up in the residual stream: their outputs start small (Radford et al. 2019).
    const gain = name === "mix" || name === "contract" ? 1 / Math.sqrt(2 * layers) : 1;
    const spread = gain / Math.sqrt(dims[0]);
    return { name: `${layer}.${name}`, shape: dims, spread, trained: rank === 0 };
  });
}

/** Two factors beside each matrix; the second starts at zero, so that nothing changes before the first step. */
function adapterEntries({ width, adapterRank: rank = 0 }: ModelShape, layer: number): Entry[] {
  if (rank === 0) return [];
  return LAYER_MATRICES.flatMap((name) => {
    const [rows, columns] = matrixShape(name, width);
    const into = { shape: [rows, rank], spread: 1 / Math.sqrt(rows) };
    const out = { shape: [rank, columns], spread: 0 };
    return [
      { name: `${layer}.${name}.into`, trained: true, ...into },
      { name: `${layer}.${name}.out`, trained: true, ...out },
    ];
  });
}

/** The tensors of the flat parameter vector, in its order; adapters come last. */
export function parameterLayout(shape: ModelShape): readonly ParameterTensor[] {
  const { vocabularySize, width, layers, contextLength, adapterRank = 0 } = shape;
  const spread = 0.5 / Math.sqrt(width);
  const trained = adapterRank === 0;
  const indices = Array.from({ length: layers }, (_, index) => index);
  const entries: readonly Entry[] = [
    { name: "table", shape: [vocabularySize, width], spread, trained },
    { name: "positions", shape: [contextLength, width], spread, trained },
    ...indices.flatMap((index) => layerEntries(shape, index)),
    ...indices.flatMap((index) => adapterEntries(shape, index)),
  ];
  let offset = 0;
  return entries.map((entry) => {
    const size = sizeOf(entry.shape);
    offset += size;
    return { ...entry, size, offset: offset - size };
  });
}

/** P. */
export function parameterCount(shape: ModelShape): number {
  return parameterLayout(shape).reduce((sum, { size }) => sum + size, 0);
}

/**
 * Initial parameters (P), uniform so that no `Math.log` or `Math.cos` differs between machines. With `known` (at most
 * P), those stand first and only the rest is drawn.
 */
export function initialParameters(
  shape: ModelShape,
  random: Random,
  known: Float32Array = new Float32Array(),
): Float32Array {
  const flat = new Float32Array(parameterCount(shape));
  flat.set(known);
  for (const { offset, size, spread } of parameterLayout(shape)) {
    if (offset < known.length) continue;
    const half = spread * Math.sqrt(3);
    for (let i = offset; i < offset + size; i++) flat[i] = half * (2 * random.next() - 1);
  }
  return flat;
}

/** The parameters of the model without adapters that computes the same: each matrix plus its adapter. */
export function foldAdapters(shape: ModelShape, flat: Float32Array): Float32Array {
  const layout = new Map(parameterLayout(shape).map((tensor) => [tensor.name, tensor]));
  const folded = flat.slice(0, parameterCount({ ...shape, adapterRank: 0 }));
  for (const { name, shape: dims, offset } of layout.values()) {
    const [into, out] = [layout.get(`${name}.into`), layout.get(`${name}.out`)];
    if (into === undefined || out === undefined) continue;
    const [rows, columns] = dims;
    const rank = out.shape[0];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let k = 0; k < rank; k++) {
          sum += flat[into.offset + row * rank + k] * flat[out.offset + k * columns + column];
        }
        folded[offset + row * columns + column] += sum;
      }
    }
  }
  return folded;
}
