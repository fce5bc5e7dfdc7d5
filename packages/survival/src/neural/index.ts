/**
 * A small language model trained and queried in this process, on the CPU: the neural student.
 *
 * Shapes: B sequences of T positions, V vocabulary, N contexts.
 */
import { createHash } from "node:crypto";
import type { Random } from "@verdigris/core";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import {
  ADAM,
  initialParameters,
  logitsGraph,
  lossGraph,
  parameterCount,
  trainingGraph,
} from "./model.js";
import { type NeuralConfig, checkConfig, checkIds, checkRate } from "./config.js";
import { floatsOf, loadRuntime, openSession } from "./runtime.js";
import type { Runtime } from "./runtime.js";

export type { NeuralConfig } from "./config.js";

/** Calls run one after another, in the order made. Token ids lie in [0, V). */
export interface NeuralModel {
  readonly parameterCount: number;
  /** One Adam step on B sequences of T + 1 tokens; returns the loss before it, nats per token. */
  step(tokens: Int32Array, learningRate?: number): Promise<number>;
  /** Loss on B sequences of T + 1 tokens, nats per token. */
  loss(tokens: Int32Array): Promise<number>;
  /** Logits of the token after each context, of which the last T tokens count. (N, V) */
  logits(contexts: readonly Int32Array[]): Promise<Float32Array>;
  /** A copy of the parameters, in the order of `parameterLayout`. (P) */
  parameters(): Promise<Float32Array>;
  /** SHA-256 of the parameters, hex. */
  parametersDigest(): string;
  /** Frees the engine's memory; idempotent. Later calls reject. */
  dispose(): Promise<void>;
}

/** Contexts evaluated by one run of the engine at most. */
const MAX_CONTEXTS = 64;

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

  constructor(runtime: Runtime, config: NeuralConfig, parameters: Float32Array) {
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

  parameters(): Promise<Float32Array> {
    return this.#serial(async () => (this.#state.parameters.data as Float32Array).slice());
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
 * A model with fresh parameters drawn from a generator, or with a copy of those given (P). Throws RangeError on a bad
 * configuration, VerdigrisError PEER_MISSING without onnxruntime-node.
 */
export async function createNeuralModel(
  config: NeuralConfig,
  start: Random | Float32Array,
): Promise<NeuralModel> {
  checkConfig(config);
  const count = parameterCount(config);
  if (start instanceof Float32Array && start.length !== count) {
    throw new RangeError(`start: expected ${count} parameters, got ${start.length}`);
  }
  const parameters =
    start instanceof Float32Array ? start.slice() : initialParameters(config, start);
  return new OnnxModel(await loadRuntime(), config, parameters);
}
