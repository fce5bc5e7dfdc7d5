/**
 * The operators of the language model, each with its gradient under it.
 *
 * Shapes: R rows (sequence × position), d width, V vocabulary, m k n of a matrix product; "…" any
 * leading dimensions. `g` is the gradient of the loss with respect to an operator's output.
 */
import type { Value } from "./graph.js";

/** Sum over the last axis, kept with length 1. (…, 1) */
export function sumLast(a: Value): Value {
  return a.graph.emit("ReduceSum", [a, a.graph.integers([-1])], [...a.shape.slice(0, -1), 1]);
}

/** Undoes the broadcast of a value of `shape` over leading axes. */
function sumLeading(g: Value, shape: readonly number[]): Value {
  const extra = g.shape.length - shape.length;
  if (extra === 0) return g;
  const axes = g.graph.integers(Array.from({ length: extra }, (_, axis) => axis));
  return g.graph.emit("ReduceSum", [g, axes], shape, { keepdims: 0 });
}

/** a + b; b may lack leading axes of a. */
export function add(a: Value, b: Value): Value {
  return a.graph.record(a.graph.emit("Add", [a, b], a.shape), [
    { value: a, adjoint: (g) => g },
    { value: b, adjoint: (g) => sumLeading(g, b.shape) },
  ]);
}

/** a·b, elementwise; b may lack leading axes of a. */
export function multiply(a: Value, b: Value): Value {
  const scaled = (x: Value, y: Value): Value => x.graph.emit("Mul", [x, y], x.shape);
  return a.graph.record(scaled(a, b), [
    { value: a, adjoint: (g) => scaled(g, b) },
    { value: b, adjoint: (g) => sumLeading(scaled(g, a), b.shape) },
  ]);
}

/** max(a, 0). */
export function relu(a: Value): Value {
  const output = a.graph.emit("Relu", [a], a.shape);
  const adjoint = (g: Value): Value => {
    const active = g.graph.emit("Greater", [output, g.graph.constant([0])], a.shape);
    return g.graph.emit("Mul", [g, g.graph.toFloat(active)], a.shape);
  };
  return a.graph.record(output, [{ value: a, adjoint }]);
}

export function reshape(a: Value, shape: readonly number[]): Value {
  const to = (x: Value, target: readonly number[]): Value =>
    x.graph.emit("Reshape", [x, x.graph.integers(target)], target);
  return a.graph.record(to(a, shape), [{ value: a, adjoint: (g) => to(g, a.shape) }]);
}

/** Axis i of the result is axis `permutation[i]` of a. */
export function transpose(a: Value, permutation: readonly number[]): Value {
  const permute = (x: Value, perm: readonly number[]): Value =>
    x.graph.emit(
      "Transpose",
      [x],
      perm.map((axis) => x.shape[axis]),
      { perm },
    );
  const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
  return a.graph.record(permute(a, permutation), [
    { value: a, adjoint: (g) => permute(g, inverse) },
  ]);
}

/** Swaps the last two axes, outside the tape. */
function swapLast(a: Value): Value {
  const rank = a.shape.length;
  const perm = a.shape.map((_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  return a.graph.emit(
    "Transpose",
    [a],
    perm.map((axis) => a.shape[axis]),
    { perm },
  );
}

interface Transposed {
  readonly a?: boolean;
  readonly b?: boolean;
}

/** The product node: Gemm for plain matrices (it transposes for free), MatMul for stacks. */
export function product(a: Value, b: Value, transposed: Transposed = {}): Value {
  const rows = a.shape[a.shape.length - (transposed.a === true ? 1 : 2)];
  const columns = b.shape[b.shape.length - (transposed.b === true ? 2 : 1)];
  const shape = [...a.shape.slice(0, -2), rows, columns];
  if (a.shape.length === 2) {
    const attributes = {
      transA: Number(transposed.a === true),
      transB: Number(transposed.b === true),
    };
    return a.graph.emit("Gemm", [a, b], shape, attributes);
  }
  const left = transposed.a === true ? swapLast(a) : a;
  const right = transposed.b === true ? swapLast(b) : b;
  return a.graph.emit("MatMul", [left, right], shape);
}

/** a·b, (…, m, k) × (…, k, n); the leading axes of both agree. */
export function matmul(a: Value, b: Value): Value {
  return a.graph.record(product(a, b), [
    { value: a, adjoint: (g) => product(g, b, { b: true }) },
    { value: b, adjoint: (g) => product(a, g, { a: true }) },
  ]);
}

/** a·bᵀ, (…, m, k) × (…, n, k). */
export function matmulTransposed(a: Value, b: Value): Value {
  return a.graph.record(product(a, b, { b: true }), [
    { value: a, adjoint: (g) => product(g, b) },
    { value: b, adjoint: (g) => product(g, a, { a: true }) },
  ]);
}

/** Rows of `table` (V, d) picked by `ids` (R). (R, d) */
export function gather(table: Value, ids: Value): Value {
  const shape = [...ids.shape, ...table.shape.slice(1)];
  return table.graph.record(table.graph.emit("Gather", [table, ids], shape), [
    {
      value: table,
      adjoint: (g) => scatterAdd(g.graph.zeros(table.shape), ids, g),
      accumulate: (g, sum) => scatterAdd(sum, ids, g),
    },
  ]);
}

/** `base` (V, d) with row i of `rows` (R, d) added to its row `ids[i]`. */
export function scatterAdd(base: Value, ids: Value, rows: Value): Value {
  const { graph } = base;
  const column = graph.emit("Unsqueeze", [ids, graph.integers([-1])], [...ids.shape, 1]);
  return graph.emit("ScatterND", [base, column, rows], base.shape, { reduction: "add" });
}

/** x/√(mean x² + 10⁻⁵) over the last axis (Zhang & Sennrich 2019); a gain would be redundant before a matrix. */
export function rmsNorm(x: Value): Value {
  const { graph, shape } = x;
  const column = [...shape.slice(0, -1), 1];
  const meanLast = (a: Value): Value => graph.emit("ReduceMean", [a, graph.integers([-1])], column);
  const square = graph.emit("Mul", [x, x], shape);
  const biased = graph.emit("Add", [meanLast(square), graph.constant([1e-5])], column);
  const root = graph.emit("Sqrt", [biased], column);
  const y = graph.emit("Div", [x, root], shape);
  // ∂x = (g − y·mean(g·y))/root
  const adjoint = (g: Value): Value => {
    const along = meanLast(graph.emit("Mul", [g, y], shape));
    const radial = graph.emit("Mul", [y, along], shape);
    return graph.emit("Div", [graph.emit("Sub", [g, radial], shape), root], shape);
  };
  return graph.record(y, [{ value: x, adjoint }]);
}

/** Softmax over the last axis. */
export function softmax(a: Value): Value {
  const { graph, shape } = a;
  const p = graph.emit("Softmax", [a], shape, { axis: -1 });
  // ∂a = p·(g − Σ g·p)
  const adjoint = (g: Value): Value => {
    const along = sumLast(graph.emit("Mul", [g, p], shape));
    return graph.emit("Mul", [graph.emit("Sub", [g, along], shape), p], shape);
  };
  return graph.record(p, [{ value: a, adjoint }]);
}
