/**
 * The language model as graphs: a pre-norm transformer with causal attention, a ReLU feed-forward
 * of width 4d and an output layer tied to the embeddings (Vaswani et al. 2017; Zhang & Sennrich
 * 2019), trained by Adam (Kingma & Ba 2015) inside the same graph. Each tensor of the layout is an
 * input under its own name.
 *
 * Shapes: B sequences of T positions, R = B·T rows, d width, H heads, V vocabulary, N contexts, k
 * probabilities of a teacher per position.
 */
import { Graph } from "./graph.js";
import type { FloatType, Value } from "./graph.js";
import { LAYER_MATRICES, parameterLayout } from "./layout.js";
import type { LayerMatrix, ModelShape } from "./layout.js";
import { nextTokenLoss, softTargetLoss } from "./loss.js";
import {
  add,
  gather,
  matmul,
  matmulTransposed,
  multiply,
  relu,
  reshape,
  rmsNorm,
  softmax,
  transpose,
} from "./ops.js";

type Linear = (x: Value) => Value;
type Layer = Readonly<Record<LayerMatrix, Linear>>;

interface Weights {
  readonly table: Value; // (V, d)
  readonly positions: Value; // (T, d)
  readonly layers: readonly Layer[];
  /** Those that training moves, by name. */
  readonly trained: ReadonlyMap<string, Value>;
}

/** Adds the model's tensors to the graph as inputs. */
function weightsOf(graph: Graph, shape: ModelShape): Weights {
  const layout = parameterLayout(shape);
  const all = new Map(layout.map(({ name, shape: dims }) => [name, graph.input(name, dims)]));
  const trained = new Map<string, Value>();
  const tensorOf = (name: string): Value => {
    const value = all.get(name);
    if (value === undefined) throw new RangeError(`name: expected a tensor's, got ${name}`);
    return value;
  };
  for (const tensor of layout) {
    if (tensor.trained) trained.set(tensor.name, graph.differentiable(tensorOf(tensor.name)));
  }
  const linear = (name: string): Linear => {
    const adapted = all.has(`${name}.into`);
    return (x) => {
      const y = matmul(x, tensorOf(name));
      if (!adapted) return y;
      return add(y, matmul(matmul(x, tensorOf(`${name}.into`)), tensorOf(`${name}.out`)));
    };
  };
  const layers = Array.from(
    { length: shape.layers },
    (_, index) =>
      Object.fromEntries(LAYER_MATRICES.map((name) => [name, linear(`${index}.${name}`)])) as Layer,
  );
  return { table: tensorOf("table"), positions: tensorOf("positions"), layers, trained };
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
  const perHead = (projection: Linear): Value =>
    transpose(reshape(projection(x), [rows / T, T, heads, headWidth]), [0, 2, 1, 3]);
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
    x = add(x, layer.mix(seen));
    x = add(x, layer.contract(relu(layer.expand(rmsNorm(x)))));
  }
  return rmsNorm(x);
}

interface Loss {
  readonly graph: Graph;
  readonly weights: Weights;
  readonly loss: Value;
}

/** What a loss is taken of. */
export interface LossOptions {
  /** B. */
  readonly batch: number;
  /** k: learn the teacher's probabilities of k tokens per position, not the token itself. Default 0. */
  readonly targets?: number;
  readonly type?: FloatType;
}

/** Mean surprise of the last T tokens of each of the B sequences of T + 1, or of the teacher's targets there. */
function lossOf(shape: ModelShape, { batch, targets = 0, type }: LossOptions): Loss {
  const graph = new Graph(type);
  const T = shape.contextLength;
  const rows = batch * T;
  const weights = weightsOf(graph, shape);
  const tokens = graph.indices("tokens", [batch, T + 1]);
  const from = (start: number): Value => {
    const bounds = [start, start + T, 1].map((bound) => graph.integers([bound]));
    return graph.emit("Slice", [tokens, ...bounds], [batch, T]);
  };
  const state = hidden(shape, weights, from(0));
  if (targets === 0) {
    const loss = nextTokenLoss(state, weights.table, reshape(from(1), [rows]));
    return { graph, weights, loss };
  }
  const ids = graph.indices("targetIds", [rows, targets]);
  const p = graph.input("targetP", [rows, targets]);
  return { graph, weights, loss: softTargetLoss(state, weights.table, { ids, p }) };
}

/** Tensors, tokens (B, T + 1), targets → loss (). */
export function lossGraph(shape: ModelShape, options: LossOptions): Uint8Array {
  const { graph, loss } = lossOf(shape, options);
  return graph.encode({ loss });
}

/** What a graph knows of a tensor besides its value: the gradient, Adam's moments, and all three after the step. */
type Aspect = "gradient" | "first" | "second" | "newValue" | "newFirst" | "newSecond";

/** Name of an aspect of a tensor among a graph's inputs and outputs. */
export const named = (aspect: Aspect, name: string): string => `${aspect}/${name}`;

/** Tensors, tokens (B, T + 1), targets → loss (), and the gradient of each trained tensor. */
export function gradientGraph(shape: ModelShape, options: LossOptions): Uint8Array {
  const { graph, loss, weights } = lossOf(shape, options);
  const gradients = graph.gradients(loss, [...weights.trained.values()]);
  const names = [...weights.trained.keys()].map((name) => named("gradient", name));
  return graph.encode({
    loss,
    ...Object.fromEntries(names.map((name, i) => [name, gradients[i]])),
  });
}

/** Decay rates of Adam's two moments. Language models use β₂ below the paper's .999 (Brown et al. 2020). */
const ADAM = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8 } as const;

/** What a step multiplies a direction by: bias correction, and the scale of moments kept without (1 − β). */
export function stepSize(learningRate: number, t: number): number {
  const { beta1, beta2 } = ADAM;
  const scale = (1 - beta1) / Math.sqrt(1 - beta2);
  return (learningRate * scale * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
}

/**
 * One step of Adam: tensors, their moments, tokens (B, T + 1), targets and stepSize () → tensors and moments after the
 * step, and the loss before it. The moments are sums, m = β₁·m + g and v = β₂·v + g²: two products fewer per entry.
 */
export function trainingGraph(shape: ModelShape, options: LossOptions): Uint8Array {
  const { graph, loss, weights } = lossOf(shape, options);
  const gradients = graph.gradients(loss, [...weights.trained.values()]);
  const size = graph.input("stepSize", []);
  const epsilon = graph.constant([ADAM.epsilon / Math.sqrt(1 - ADAM.beta2)]);
  const outputs: Record<string, Value> = { loss };
  for (const [i, [name, tensor]] of [...weights.trained].entries()) {
    const { shape: dims } = tensor;
    const binary = (op: string, a: Value, b: Value): Value => graph.emit(op, [a, b], dims);
    const decayed = (kind: "first" | "second", beta: number): Value =>
      binary("Mul", graph.input(named(kind, name), dims), graph.constant([beta]));
    const g = gradients[i];
    const first = binary("Add", decayed("first", ADAM.beta1), g);
    const second = binary("Add", decayed("second", ADAM.beta2), binary("Mul", g, g));
    const root = binary("Add", graph.emit("Sqrt", [second], dims), epsilon);
    const moved = binary("Sub", tensor, binary("Mul", binary("Div", first, root), size));
    outputs[named("newValue", name)] = moved;
    outputs[named("newFirst", name)] = first;
    outputs[named("newSecond", name)] = second;
  }
  return graph.encode(outputs);
}

/** Tensors, tokens (N, T), rows (N) → logits (N, V) after the given rows of the N·T. */
export function logitsGraph(shape: ModelShape, contexts: number): Uint8Array {
  const graph = new Graph();
  const weights = weightsOf(graph, shape);
  const tokens = graph.indices("tokens", [contexts, shape.contextLength]);
  const state = hidden(shape, weights, tokens, { only: graph.indices("rows", [contexts]) });
  return graph.encode({ logits: matmulTransposed(state, weights.table) });
}
