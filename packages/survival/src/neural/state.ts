/** The parameters of a model and Adam's moments as the engine sees them: views of flat vectors, never copied. */
import type { Tensor } from "onnxruntime-node";
import {
  type ModelShape,
  type ParameterTensor,
  parameterCount,
  parameterLayout,
} from "./layout.js";
import { named } from "./model.js";
import type { Runtime } from "./runtime.js";

type Feeds = Readonly<Record<string, Tensor>>;

/** One set of vectors: parameters and both moments. (P) each */
interface Vectors {
  readonly values: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/** A step reads one set of vectors and writes another; they swap roles after it. */
export class State {
  readonly #layout: readonly ParameterTensor[];
  readonly #runtime: Runtime;
  #current: Vectors;
  #spare: Vectors;

  /** Takes over `parameters`. (P) */
  constructor(runtime: Runtime, shape: ModelShape, parameters: Float32Array) {
    this.#runtime = runtime;
    this.#layout = parameterLayout(shape);
    const zeros = (): Float32Array => new Float32Array(parameterCount(shape));
    this.#current = { values: parameters, first: zeros(), second: zeros() };
    this.#spare = { values: zeros(), first: zeros(), second: zeros() };
    this.#spare.values.set(parameters);
  }

  get parameters(): Float32Array {
    return this.#current.values;
  }

  /** Every tensor of the model, under its name. */
  tensors(): Feeds {
    const { values } = this.#current;
    return Object.fromEntries(
      this.#layout.map((tensor) => [tensor.name, this.#view(values, tensor)]),
    );
  }

  /** The same and the moments of those that are trained: what a step reads. */
  feeds(): Feeds {
    const { first, second } = this.#current;
    const moments = this.#trained((tensor) => [
      [named("first", tensor.name), this.#view(first, tensor)],
      [named("second", tensor.name), this.#view(second, tensor)],
    ]);
    return { ...this.tensors(), ...moments };
  }

  /** Where a step writes. */
  fetches(): Feeds {
    const { values, first, second } = this.#spare;
    return this.#trained((tensor) => [
      [named("newValue", tensor.name), this.#view(values, tensor)],
      [named("newFirst", tensor.name), this.#view(first, tensor)],
      [named("newSecond", tensor.name), this.#view(second, tensor)],
    ]);
  }

  /** To be called after a step has written. */
  swap(): void {
    [this.#current, this.#spare] = [this.#spare, this.#current];
  }

  #trained(entries: (tensor: ParameterTensor) => readonly (readonly [string, Tensor])[]): Feeds {
    return Object.fromEntries(this.#layout.filter(({ trained }) => trained).flatMap(entries));
  }

  #view(flat: Float32Array, { offset, size, shape }: ParameterTensor): Tensor {
    return new this.#runtime.Tensor("float32", flat.subarray(offset, offset + size), shape);
  }
}
