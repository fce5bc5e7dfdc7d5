/**
 * Cross-entropy fused with the output layer, each form with its gradient under it.
 *
 * Shapes: R rows, d width, V vocabulary, k probabilities of a teacher per row.
 */
import type { Value } from "./graph.js";
import { product, scatterAdd, sumLast } from "./ops.js";

/** Smaller probabilities count as this one, so that a loss is finite: at most 87 nats in single precision. */
const SMALLEST = 1e-38;

interface Softmax {
  /** softmax(x·tableᵀ). (R, V) */
  readonly p: Value;
  /** −ln p of the given tokens of each row. ids (R, k) → (R, k) */
  surprise(ids: Value): Value;
}

function softmaxOf(x: Value, table: Value): Softmax {
  const { graph } = x;
  const shape = [x.shape[0], table.shape[0]];
  const p = graph.emit("Softmax", [product(x, table, { b: true })], shape, { axis: -1 });
  const surprise = (ids: Value): Value => {
    const picked = graph.emit("GatherElements", [p, ids], ids.shape, { axis: 1 });
    const positive = graph.emit("Max", [picked, graph.constant([SMALLEST])], ids.shape);
    return graph.emit("Neg", [graph.emit("Log", [positive], ids.shape)], ids.shape);
  };
  return { p, surprise };
}

const meanOf = (a: Value): Value => a.graph.emit("ReduceMean", [a], [], { keepdims: 0 });

/**
 * Mean over rows of −ln softmax(x·tableᵀ)[target], nats. x (R, d), table (V, d), targets (R).
 *
 * The gradient of the logits, softmax minus one-hot, never exists as a matrix: its one-hot part is a gather in ∂x and
 * a scatter in ∂table.
 */
export function nextTokenLoss(x: Value, table: Value, targets: Value): Value {
  const { graph } = x;
  const rows = x.shape[0];
  const { p, surprise } = softmaxOf(x, table);
  const column = graph.emit("Unsqueeze", [targets, graph.integers([-1])], [rows, 1]);
  const perRow = (g: Value): Value => graph.emit("Div", [g, graph.constant([rows])], []);
  // ∂x = (p·table − table[target])/R
  const ofX = (g: Value): Value => {
    const picked = graph.emit("Gather", [table, targets], x.shape);
    const difference = graph.emit("Sub", [product(p, table), picked], x.shape);
    return graph.emit("Mul", [difference, perRow(g)], x.shape);
  };
  // ∂table = (pᵀ·x − Σ onehot·x)/R
  const ofTable = (g: Value): Value => {
    const scaled = graph.emit("Mul", [x, perRow(g)], x.shape);
    const negative = graph.emit("Neg", [scaled], x.shape);
    return scatterAdd(product(p, scaled, { a: true }), targets, negative);
  };
  return graph.record(meanOf(surprise(column)), [
    { value: x, adjoint: ofX },
    { value: table, adjoint: ofTable },
  ]);
}

/** What a teacher thought of each row's next token; `p` need not add up to 1, and a row of zeros is left out. */
export interface SoftTargets {
  readonly ids: Value; // (R, k)
  readonly p: Value; // (R, k)
}

/** Mean over rows of −Σ q·ln softmax(x·tableᵀ), nats, with the teacher's q. x (R, d), table (V, d). */
export function softTargetLoss(x: Value, table: Value, targets: SoftTargets): Value {
  const { graph } = x;
  const rows = x.shape[0];
  const { p, surprise } = softmaxOf(x, table);
  const weighted = graph.emit("Mul", [surprise(targets.ids), targets.p], targets.p.shape);
  // ∂logits = (p·Σq − q)/R
  let logits: Value | undefined;
  const ofLogits = (g: Value): Value => {
    if (logits !== undefined) return logits;
    const scale = graph.emit("Div", [g, graph.constant([rows])], []);
    const scaled = (value: Value): Value => graph.emit("Mul", [value, scale], value.shape);
    const expected = graph.emit("Mul", [p, scaled(sumLast(targets.p))], p.shape);
    const negative = graph.emit("Neg", [scaled(targets.p)], targets.p.shape);
    const attributes = { axis: 1, reduction: "add" };
    logits = graph.emit("ScatterElements", [expected, targets.ids, negative], p.shape, attributes);
    return logits;
  };
  return graph.record(meanOf(sumLast(weighted)), [
    { value: x, adjoint: (g) => product(ofLogits(g), table) },
    { value: table, adjoint: (g) => product(ofLogits(g), x, { a: true }) },
  ]);
}
