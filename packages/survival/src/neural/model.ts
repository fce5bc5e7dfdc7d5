/**
 * The language model as graphs: a pre-norm transformer with causal attention, a ReLU feed-forward
 * of width 4d and an output layer tied to the embeddings (Vaswani et al. 2017; Zhang & Sennrich
 * 2019), trained by Adam (Kingma & Ba 2015) inside the same graph.
 *
 * Shapes: B sequences of T positions, R = B·T rows, d width, H heads, V vocabulary, P parameters,
 * N contexts.
 */
import type { Random } from "@verdigris/core";
import { Graph } from "./graph.js";
import type { FloatType, Value } from "./graph.js";
import {
  add,
  gather,
  matmul,
  matmulTransposed,
  multiply,
  nextTokenLoss,
  pack,
  relu,
  reshape,
  rmsNorm,
  sizeOf,
  softmax,
  transpose,
  unpack,
} from "./ops.js";

export interface ModelShape {
  /** V. */
  readonly vocabularySize: number;
  /** d, a multiple of `heads`. */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** T, the most tokens the model looks back on. */
  readonly contextLength: number;
}

interface Parameter {
  readonly shape: readonly number[];
  /** Standard deviation of the initial values. */
  readonly spread: number;
}

/** Parameters of one layer, in the order of `layerParameters`. */
const LAYER_NAMES = ["query", "key", "value", "mix", "expand", "contract"] as const;
type Layer = Readonly<Record<(typeof LAYER_NAMES)[number], Value>>;

/** The tensors of the flat parameter vector, in its order. */
export function parameterLayout(shape: ModelShape): readonly Parameter[] {
  const { vocabularySize, width, layers, contextLength } = shape;
  const matrix = (rows: number, columns: number, gain = 1): Parameter => ({
    shape: [rows, columns],
    spread: gain / Math.sqrt(rows),
  });
  // Layers add up in the residual stream: their outputs start small (Radford et al. 2019).
  const residual = 1 / Math.sqrt(2 * layers);
  const layer = [
    ...Array.from({ length: 3 }, () => matrix(width, width)),
    matrix(width, width, residual),
    matrix(width, 4 * width),
    matrix(4 * width, width, residual),
  ];
  return [
    { shape: [vocabularySize, width], spread: 0.5 / Math.sqrt(width) },
    { shape: [contextLength, width], spread: 0.5 / Math.sqrt(width) },
    ...Array.from({ length: layers }, () => layer).flat(),
  ];
}

/** Initial parameters (P), uniform so that no `Math.log` or `Math.cos` differs between machines. */
export function initialParameters(shape: ModelShape, random: Random): Float32Array {
  const layout = parameterLayout(shape);
  const flat = new Float32Array(parameterCount(shape));
  let offset = 0;
  for (const { shape: dims, spread } of layout) {
    const half = spread * Math.sqrt(3);
    for (const end = offset + sizeOf(dims); offset < end; offset++) {
      flat[offset] = half * (2 * random.next() - 1);
    }
  }
  return flat;
}

interface Weights {
  readonly table: Value; // (V, d)
  readonly positions: Value; // (T, d)
  readonly layers: readonly Layer[];
  readonly all: readonly Value[];
}

function weightsOf(shape: ModelShape, flat: Value): Weights {
  const all = unpack(
    flat,
    parameterLayout(shape).map((parameter) => parameter.shape),
  );
  const layer = (index: number): Layer => {
    const from = 2 + index * LAYER_NAMES.length;
    return Object.fromEntries(LAYER_NAMES.map((name, i) => [name, all[from + i]])) as Layer;
  };
  const layers = Array.from({ length: shape.layers }, (_, index) => layer(index));
  return { table: all[0], positions: all[1], layers, all };
}

/** (T, T): 0 where a position may look, very negative where it may not. */
function causalMask(graph: Graph, length: number): Value {
  const entry = (i: number): number => (i % length > Math.floor(i / length) ? -1e9 : 0);
  return graph.constant(
    Array.from({ length: length * length }, (_, i) => entry(i)),
    [length, length],
  );
}

/** Heads' weighted values before they are mixed. x (R, d) → (R, d) */
function attention(x: Value, layer: Layer, shape: ModelShape): Value {
  const { heads, contextLength: T, width } = shape;
  const headWidth = width / heads;
  const { graph } = x;
  const rows = x.shape[0];
  const perHead = (weight: Value): Value =>
    transpose(reshape(matmul(x, weight), [rows / T, T, heads, headWidth]), [0, 2, 1, 3]);
  const scale = graph.constant([1 / Math.sqrt(headWidth)]);
  const query = multiply(perHead(layer.query), scale);
  const scores = matmulTransposed(query, perHead(layer.key)); // (B, H, T, T)
  const p = softmax(add(scores, causalMask(graph, T)));
  const mixed = matmul(p, perHead(layer.value)); // (B, H, T, d/H)
  return reshape(transpose(mixed, [0, 2, 1, 3]), [rows, width]);
}

/**
 * Normalised last hidden states of `ids` (B, T): all of them (R, d), or the rows `only` (N), which
 * spares the others the last layer's feed-forward. (N, d)
 */
function hidden(
  shape: ModelShape,
  weights: Weights,
  ids: Value,
  options: { readonly only?: Value } = {},
): Value {
  const { only } = options;
  const embedded = add(gather(weights.table, ids), weights.positions); // (B, T, d)
  let x = reshape(embedded, [ids.shape[0] * shape.contextLength, shape.width]);
  for (const [index, layer] of weights.layers.entries()) {
    let seen = attention(rmsNorm(x), layer, shape);
    if (only !== undefined && index === shape.layers - 1) {
      seen = gather(seen, only);
      x = gather(x, only);
    }
    x = add(x, matmul(seen, layer.mix));
    x = add(x, matmul(relu(matmul(rmsNorm(x), layer.expand)), layer.contract));
  }
  return rmsNorm(x);
}

/** P. */
export function parameterCount(shape: ModelShape): number {
  const sizes = parameterLayout(shape).map((parameter) => sizeOf(parameter.shape));
  return sizes.reduce((a, b) => a + b, 0);
}

interface Loss {
  readonly graph: Graph;
  readonly parameters: Value; // (P)
  readonly weights: Weights;
  readonly loss: Value;
}

/** Mean surprise of the last T tokens of each of the `batch` sequences of T + 1. */
function lossOf(shape: ModelShape, batch: number, type?: FloatType): Loss {
  const graph = new Graph(type);
  const T = shape.contextLength;
  const parameters = graph.input("parameters", [parameterCount(shape)]);
  const weights = weightsOf(shape, parameters);
  const tokens = graph.indices("tokens", [batch, T + 1]);
  const from = (start: number): Value => {
    const bounds = [start, start + T, 1].map((bound) => graph.integers([bound]));
    return graph.emit("Slice", [tokens, ...bounds], [batch, T]);
  };
  const state = hidden(shape, weights, from(0));
  const loss = nextTokenLoss(state, weights.table, reshape(from(1), [batch * T]));
  return { graph, parameters, weights, loss };
}

/** parameters (P), tokens (B, T + 1) → loss (). */
export function lossGraph(shape: ModelShape, batch: number): Uint8Array {
  const { graph, loss } = lossOf(shape, batch);
  return graph.encode({ loss });
}

/** parameters (P), tokens (B, T + 1) → loss (), gradient (P). */
export function gradientGraph(shape: ModelShape, batch: number, type?: FloatType): Uint8Array {
  const { graph, loss, weights } = lossOf(shape, batch, type);
  return graph.encode({ loss, gradient: pack(graph.gradients(loss, weights.all)) });
}

/** Decay rates of Adam's two moments. Language models use β₂ below the paper's .999 (Brown et al. 2020). */
export const ADAM = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8 } as const;

/**
 * One step: parameters, first, second (P), tokens (B, T + 1), stepSize () → the same three after
 * the step, and the loss before it. The caller folds the bias correction into `stepSize`.
 */
export function trainingGraph(shape: ModelShape, batch: number): Uint8Array {
  const { graph, loss, weights, parameters } = lossOf(shape, batch);
  const gradient = pack(graph.gradients(loss, weights.all));
  const size = parameters.shape;
  const binary = (op: string, a: Value, b: Value): Value => graph.emit(op, [a, b], size);
  const decay = (moment: Value, sample: Value, beta: number): Value =>
    binary(
      "Add",
      binary("Mul", moment, graph.constant([beta])),
      binary("Mul", sample, graph.constant([1 - beta])),
    );
  const first = decay(graph.input("first", size), gradient, ADAM.beta1);
  const square = binary("Mul", gradient, gradient);
  const second = decay(graph.input("second", size), square, ADAM.beta2);
  const root = graph.emit("Sqrt", [second], size);
  const direction = binary("Div", first, binary("Add", root, graph.constant([ADAM.epsilon])));
  const moved = binary("Sub", parameters, binary("Mul", direction, graph.input("stepSize", [])));
  return graph.encode({ loss, newParameters: moved, newFirst: first, newSecond: second });
}

/** parameters (P), tokens (N, T), rows (N) → logits (N, V) after the given rows of the N·T. */
export function logitsGraph(shape: ModelShape, contexts: number): Uint8Array {
  const graph = new Graph();
  const weights = weightsOf(shape, graph.input("parameters", [parameterCount(shape)]));
  const tokens = graph.indices("tokens", [contexts, shape.contextLength]);
  const state = hidden(shape, weights, tokens, { only: graph.indices("rows", [contexts]) });
  return graph.encode({ logits: matmulTransposed(state, weights.table) });
}
