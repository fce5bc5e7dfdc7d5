/**
 * ONNX graphs with reverse-mode differentiation: operators append nodes, and a tape remembers how
 * to append the nodes of their gradients. Shapes are static; every value is a float tensor except
 * the integer inputs and constants that index others.
 */
import onnxProto from "onnx-proto";

const { AttributeProto, ModelProto, TensorProto } = onnxProto.onnx;
const { FLOAT, DOUBLE, INT32, INT64 } = TensorProto.DataType;
const { AttributeType } = AttributeProto;

/** Operator set whose ScatterND adds and whose reductions take their axes as inputs. */
const OPSET = 18;
const IR_VERSION = 8;

/** float32 for training; float64 lets a test compare gradients with finite differences. */
export type FloatType = "float32" | "float64";

/** One tensor of a graph, by name. */
export interface Value {
  readonly graph: Graph;
  readonly name: string;
  readonly shape: readonly number[];
}

export type Attribute = number | string | readonly number[];

/** An input of an operator, and the adjoint the operator hands back to it. */
export interface Parent {
  readonly value: Value;
  /** `g` is ∂loss/∂output; returns ∂loss/∂value. Called only if the value needs a gradient. */
  adjoint(g: Value): Value;
  /** `sum` plus the adjoint, where one node can do both. */
  accumulate?(g: Value, sum: Value): Value;
}

interface TapeEntry {
  readonly output: Value;
  readonly parents: readonly Parent[];
}

function attributeProto(name: string, value: Attribute): onnxProto.onnx.IAttributeProto {
  if (typeof value === "number") return { name, type: AttributeType.INT, i: value };
  if (typeof value === "string") {
    return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  }
  return { name, type: AttributeType.INTS, ints: [...value] };
}

function valueInfo(value: Value, elemType: number): onnxProto.onnx.IValueInfoProto {
  const dim = value.shape.map((dimValue) => ({ dimValue }));
  return { name: value.name, type: { tensorType: { elemType, shape: { dim } } } };
}

export class Graph {
  readonly #floatType: number;
  readonly #nodes: onnxProto.onnx.INodeProto[] = [];
  readonly #initializers: onnxProto.onnx.ITensorProto[] = [];
  readonly #inputs: onnxProto.onnx.IValueInfoProto[] = [];
  readonly #tape: TapeEntry[] = [];
  readonly #differentiable = new Set<string>();
  readonly #constants = new Map<string, Value>();

  constructor(type: FloatType = "float32") {
    this.#floatType = type === "float32" ? FLOAT : DOUBLE;
  }

  /** Float tensor supplied at every run. */
  input(name: string, shape: readonly number[]): Value {
    return this.#input(name, shape, this.#floatType);
  }

  /** int32 tensor supplied at every run, widened to the int64 that ScatterND insists on. */
  indices(name: string, shape: readonly number[]): Value {
    return this.emit("Cast", [this.#input(name, shape, INT32)], shape, { to: INT64 });
  }

  #input(name: string, shape: readonly number[], elemType: number): Value {
    const value = { graph: this, name, shape };
    this.#inputs.push(valueInfo(value, elemType));
    return value;
  }

  /** Float constant; `values` in row-major order. */
  constant(values: readonly number[], shape: readonly number[] = []): Value {
    const double = this.#floatType === DOUBLE;
    const data = double ? { doubleData: [...values] } : { floatData: [...values] };
    return this.#constant(this.#floatType, shape, { values, data });
  }

  /** Float zeros, made by the engine rather than stored in the model. */
  zeros(shape: readonly number[]): Value {
    return this.toFloat(this.emit("ConstantOfShape", [this.integers(shape)], shape));
  }

  /** The graph's float type of truth values or of single precision. */
  toFloat(value: Value): Value {
    return this.emit("Cast", [value], value.shape, { to: this.#floatType });
  }

  /** int64 constant vector: shapes, axes and bounds. */
  integers(values: readonly number[]): Value {
    return this.#constant(INT64, [values.length], { values, data: { int64Data: [...values] } });
  }

  #constant(
    dataType: number,
    shape: readonly number[],
    content: { readonly values: readonly number[]; readonly data: onnxProto.onnx.ITensorProto },
  ): Value {
    const identity = `${dataType}:${shape.join(",")}:${content.values.join(",")}`;
    const known = this.#constants.get(identity);
    if (known !== undefined) return known;
    const value = { graph: this, name: `constant${this.#initializers.length}`, shape };
    this.#initializers.push({ name: value.name, dataType, dims: [...shape], ...content.data });
    this.#constants.set(identity, value);
    return value;
  }

  /** Appends one node with one output and, unless recorded, no gradient. */
  emit(
    opType: string,
    inputs: readonly Value[],
    shape: readonly number[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value {
    return this.emitMany(opType, inputs, [shape], attributes)[0];
  }

  /** Appends one node with an output per shape. */
  emitMany(
    opType: string,
    inputs: readonly Value[],
    shapes: readonly (readonly number[])[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): readonly Value[] {
    const name = `${opType}${this.#nodes.length}`;
    const outputs = shapes.map((shape, i) => ({ graph: this, name: `${name}.${i}`, shape }));
    this.#nodes.push({
      name,
      opType,
      input: inputs.map((value) => value.name),
      output: outputs.map((value) => value.name),
      attribute: Object.entries(attributes).map(([key, value]) => attributeProto(key, value)),
    });
    return outputs;
  }

  /** Marks a value as one that gradients are wanted for. */
  differentiable(value: Value): Value {
    this.#differentiable.add(value.name);
    return value;
  }

  /** Declares how `output` passes its gradient on; returns `output`. */
  record(output: Value, parents: readonly Parent[]): Value {
    const needed = parents.filter(({ value }) => this.#differentiable.has(value.name));
    if (needed.length === 0) return output;
    this.#tape.push({ output, parents: needed });
    return this.differentiable(output);
  }

  /** Appends the nodes of ∂loss/∂value for each of `values`; `loss` is a scalar. */
  gradients(loss: Value, values: readonly Value[]): readonly Value[] {
    const adjoints = new Map<string, Value>([[loss.name, this.constant([1])]]);
    for (const { output, parents } of this.#tape.toReversed()) {
      const g = adjoints.get(output.name);
      if (g === undefined) continue;
      for (const parent of parents) {
        const { name, shape } = parent.value;
        const sum = adjoints.get(name);
        const total =
          sum === undefined
            ? parent.adjoint(g)
            : (parent.accumulate?.(g, sum) ?? this.emit("Add", [sum, parent.adjoint(g)], shape));
        adjoints.set(name, total);
      }
    }
    return values.map((value) => {
      const g = adjoints.get(value.name);
      if (g !== undefined) return g;
      throw new RangeError(`values: expected inputs of the loss, got ${value.name}`);
    });
  }

  /** The serialised model; keys of `outputs` become the names of its outputs. Each must come out of a node of its own. */
  encode(outputs: Readonly<Record<string, Value>>): Uint8Array {
    // Renaming spares the copy that an Identity node would make of each output.
    const renamed = new Map(Object.entries(outputs).map(([name, value]) => [value.name, name]));
    const names = (list: readonly string[] | null | undefined): string[] =>
      (list ?? []).map((name) => renamed.get(name) ?? name);
    return ModelProto.encode({
      irVersion: IR_VERSION,
      opsetImport: [{ domain: "", version: OPSET }],
      graph: {
        name: "verdigris",
        node: this.#nodes.map((node) => ({
          ...node,
          input: names(node.input),
          output: names(node.output),
        })),
        initializer: this.#initializers,
        input: this.#inputs,
        output: Object.entries(outputs).map(([name, { shape }]) =>
          valueInfo({ graph: this, name, shape }, this.#floatType),
        ),
      },
    }).finish();
  }
}
