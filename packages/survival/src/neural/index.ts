/**
 * A small language model trained and queried in this process, on the CPU: the neural student.
 *
 * Shapes: B sequences of T positions, V vocabulary, N contexts.
 */
import { createHash } from "node:crypto";
import type { Random } from "@verdigris/core";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { ADAM, initialParameters, logitsGraph, lossGraph, trainingGraph } from "./model.js";
import type { ModelShape } from "./model.js";
import { floatsOf, loadRuntime, openSession } from "./runtime.js";
import type { Runtime } from "./runtime.js";

export type { ModelShape } from "./model.js";

export interface NeuralConfig extends ModelShape {
  /** B, sequences of one training step. */
  readonly batch: number;
  /** Adam's step size. Default .003. */
  readonly learningRate?: number;
  /** Engine threads. Default 1, with which a run repeats bit for bit on the same machine. */
  readonly threads?: number;
}

/** Calls run one after another, in the order made. Token ids lie in [0, V). */
export interface NeuralModel {
  readonly parameterCount: number;
  /** One Adam step on B sequences of T + 1 tokens; returns the loss before it, nats per token. */
  step(tokens: Int32Array, learningRate?: number): Promise<number>;
  /** Loss on B sequences of T + 1 tokens, nats per token. */
  loss(tokens: Int32Array): Promise<number>;
  /** Logits of the token after each context, of which the last T tokens count. (N, V) */
  logits(contexts: readonly Int32Array[]): Promise<Float32Array>;
  /** SHA-256 of the parameters, hex. */
  parametersDigest(): string;
  /** Frees the engine's memory; idempotent. Later calls reject. */
  dispose(): Promise<void>;
}

/** Contexts evaluated by one run of the engine at most. */
const MAX_CONTEXTS = 64;

function checkInteger(name: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new RangeError(`${name}: expected an integer in [1, ${max}], got ${value}`);
  }
}

function checkRate(value: number): void {
  if (!(value > 0 && Number.isFinite(value))) {
    throw new RangeError(`learningRate: expected a number > 0, got ${value}`);
  }
}

function checkConfig(config: NeuralConfig): void {
  checkInteger("vocabularySize", config.vocabularySize, 1 << 20);
  checkInteger("width", config.width, 4096);
  checkInteger("layers", config.layers, 64);
  checkInteger("heads", config.heads, config.width);
  checkInteger("contextLength", config.contextLength, 4096);
  checkInteger("batch", config.batch, 4096);
  checkInteger("threads", config.threads ?? 1, 256);
  checkRate(config.learningRate ?? 1);
  if (config.width % config.heads !== 0) {
    throw new RangeError(
      `width: expected a multiple of heads = ${config.heads}, got ${config.width}`,
    );
  }
}

function checkIds(name: string, ids: Int32Array, vocabularySize: number): void {
  for (const id of ids) {
    if (id < 0 || id >= vocabularySize) {
      throw new RangeError(`${name}: expected token ids in [0, ${vocabularySize}), got ${id}`);
    }
  }
}

/** Parameters and Adam's moments, each a tensor (P). */
interface State {
  readonly parameters: Tensor;
  readonly first: Tensor;
  readonly second: Tensor;
}

class OnnxModel implements NeuralModel {
  readonly #runtime: Runtime;
  readonly #config: NeuralConfig;
  readonly #sessions = new Map<string, Promise<InferenceSession>>();
  #state: State;
  /** The buffers a step writes to; they swap roles with `#state` after it. */
  #spare: State;
  #steps = 0;
  #disposed = false;
  #tail: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(runtime: Runtime, config: NeuralConfig, random: Random) {
    const parameters = initialParameters(config, random);
    const tensor = (data: Float32Array = new Float32Array(parameters.length)): Tensor =>
      new runtime.Tensor("float32", data, [data.length]);
    this.#runtime = runtime;
    this.#config = config;
    this.#state = { parameters: tensor(parameters), first: tensor(), second: tensor() };
    this.#spare = { parameters: tensor(), first: tensor(), second: tensor() };
  }

  get parameterCount(): number {
    return this.#state.parameters.size;
  }

  async step(
    tokens: Int32Array,
    learningRate = this.#config.learningRate ?? 0.003,
  ): Promise<number> {
    checkRate(learningRate);
    const batch = this.#batch(tokens);
    return this.#serial(async () => {
      const session = await this.#session("train", () =>
        trainingGraph(this.#config, this.#config.batch),
      );
      const t = this.#steps + 1;
      const correction = Math.sqrt(1 - ADAM.beta2 ** t) / (1 - ADAM.beta1 ** t);
      const stepSize = this.#scalar(learningRate * correction);
      const { parameters, first, second } = this.#spare;
      const outputs = await session.run(
        { ...this.#state, tokens: batch, stepSize },
        { loss: null, newParameters: parameters, newFirst: first, newSecond: second },
      );
      [this.#state, this.#spare] = [this.#spare, this.#state];
      this.#steps = t;
      return floatsOf(outputs, "loss")[0];
    });
  }

  async loss(tokens: Int32Array): Promise<number> {
    const batch = this.#batch(tokens);
    return this.#serial(async () => {
      const session = await this.#session("loss", () =>
        lossGraph(this.#config, this.#config.batch),
      );
      const { parameters } = this.#state;
      return floatsOf(await session.run({ parameters, tokens: batch }), "loss")[0];
    });
  }

  async logits(contexts: readonly Int32Array[]): Promise<Float32Array> {
    const { vocabularySize: V, contextLength: T } = this.#config;
    for (const context of contexts) {
      if (context.length === 0) throw new RangeError("contexts: expected at least 1 token, got 0");
      checkIds("contexts", context, V);
    }
    const recent = contexts.map((context) => context.slice(-T));
    return this.#serial(async () => {
      const out = new Float32Array(recent.length * V);
      for (let from = 0; from < recent.length; from += MAX_CONTEXTS) {
        const chunk = recent.slice(from, from + MAX_CONTEXTS);
        const logits = await this.#chunkLogits(chunk);
        out.set(logits.subarray(0, chunk.length * V), from * V);
      }
      return out;
    });
  }

  /**
   * Logits of at most MAX_CONTEXTS contexts of at most T tokens. Their number is rounded up to a
   * power of two, so that few graphs serve all.
   */
  async #chunkLogits(contexts: readonly Int32Array[]): Promise<Float32Array> {
    const n = 2 ** Math.ceil(Math.log2(contexts.length));
    const session = await this.#session(`logits${n}`, () => logitsGraph(this.#config, n));
    const T = this.#config.contextLength;
    // Padding stands on the right, where causal attention never looks.
    const tokens = new Int32Array(n * T);
    const rows = new Int32Array(n);
    for (const [i, context] of contexts.entries()) {
      tokens.set(context, i * T);
      rows[i] = i * T + context.length - 1;
    }
    const outputs = await session.run({
      parameters: this.#state.parameters,
      tokens: new this.#runtime.Tensor("int32", tokens, [n, T]),
      rows: new this.#runtime.Tensor("int32", rows, [n]),
    });
    return floatsOf(outputs, "logits");
  }

  parametersDigest(): string {
    const data = this.#state.parameters.data as Float32Array;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return createHash("sha256").update(bytes).digest("hex");
  }

  dispose(): Promise<void> {
    this.#closing ??= this.#serial(async () => {
      this.#disposed = true;
      const sessions = await Promise.all(this.#sessions.values());
      await Promise.all(sessions.map((session) => session.release()));
    });
    return this.#closing;
  }

  #batch(tokens: Int32Array): Tensor {
    const { batch, contextLength, vocabularySize } = this.#config;
    const expected = batch * (contextLength + 1);
    if (tokens.length !== expected) {
      throw new RangeError(
        `tokens: expected batch × (contextLength + 1) = ${expected} ids, got ${tokens.length}`,
      );
    }
    checkIds("tokens", tokens, vocabularySize);
    // A copy: the caller may refill its buffer while this call waits its turn.
    return new this.#runtime.Tensor("int32", tokens.slice(), [batch, contextLength + 1]);
  }

  #scalar(value: number): Tensor {
    return new this.#runtime.Tensor("float32", Float32Array.of(value), []);
  }

  #session(name: string, model: () => Uint8Array): Promise<InferenceSession> {
    const opened = this.#sessions.get(name);
    if (opened !== undefined) return opened;
    const session = openSession(this.#runtime, model(), this.#config.threads ?? 1);
    this.#sessions.set(name, session);
    return session;
  }

  /** Runs jobs one after another: two steps must never read the same state. */
  #serial<Result>(job: () => Promise<Result>): Promise<Result> {
    const checked = (): Promise<Result> => {
      if (this.#disposed) throw new TypeError("model: expected a live model, got a disposed one");
      return job();
    };
    const result = this.#tail.then(checked, checked);
    this.#tail = result;
    return result;
  }
}

/**
 * A model with fresh parameters drawn from `random`. Throws RangeError on a bad configuration,
 * VerdigrisError PEER_MISSING without onnxruntime-node.
 */
export async function createNeuralModel(
  config: NeuralConfig,
  random: Random,
): Promise<NeuralModel> {
  checkConfig(config);
  return new OnnxModel(await loadRuntime(), config, random);
}
