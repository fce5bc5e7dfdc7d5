/**
 * A small language model trained and queried in this process, on the CPU: the neural student.
 *
 * Shapes: B sequences of T positions, V vocabulary, N contexts.
 */
import { createHash } from "node:crypto";
import type { Random } from "@verdigris/core";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { type NeuralConfig, checkConfig, checkIds, checkRate, checkSize } from "./config.js";
import { initialParameters, parameterCount } from "./layout.js";
import { logitsGraph, lossGraph, stepSize, trainingGraph } from "./model.js";
import { copiesIn, floatsOf, loadRuntime, openSession } from "./runtime.js";
import type { Runtime } from "./runtime.js";
import { State } from "./state.js";

export type { NeuralConfig } from "./config.js";

/** The teacher's probabilities of k tokens at each of B·T positions, row by row. */
export interface Targets {
  readonly ids: Int32Array; // (B·T, k)
  readonly p: Float32Array; // (B·T, k)
}

/** Settings of one step. */
export interface StepOptions {
  readonly learningRate?: number;
  /** Learn these probabilities instead of the tokens themselves. */
  readonly targets?: Targets;
}

/** Calls run one after another, in the order made. Token ids lie in [0, V). */
export interface NeuralModel {
  readonly parameterCount: number;
  /** One Adam step on B sequences of T + 1 tokens; returns the loss before it, nats per token. */
  step(tokens: Int32Array, options?: StepOptions): Promise<number>;
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

class OnnxModel implements NeuralModel {
  readonly #runtime: Runtime;
  readonly #config: NeuralConfig;
  readonly #sessions = new Map<string, Promise<InferenceSession>>();
  readonly #state: State;
  #steps = 0;
  #disposed = false;
  #tail: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;
  /** Frees what the last step left. */
  #freeCopies = (): void => {};

  constructor(runtime: Runtime, config: NeuralConfig, parameters: Float32Array) {
    this.#runtime = runtime;
    this.#config = config;
    this.#state = new State(runtime, config, parameters);
  }

  get parameterCount(): number {
    return this.#state.parameters.length;
  }

  async step(tokens: Int32Array, options: StepOptions = {}): Promise<number> {
    const { learningRate = this.#config.learningRate ?? 0.003 } = options;
    checkRate(learningRate);
    const { feeds, k } = this.#targets(options.targets);
    const batch = this.#batch(tokens);
    return this.#serial(async () => {
      const size = { batch: this.#config.batch, targets: k };
      const session = await this.#session(`train${k}`, () => trainingGraph(this.#config, size));
      const t = this.#steps + 1;
      const places = this.#state.fetches();
      const outputs = await session.run(
        {
          ...this.#state.feeds(),
          ...feeds,
          tokens: batch,
          stepSize: new this.#runtime.Tensor("float32", [stepSize(learningRate, t)], []),
        },
        { loss: null, ...places },
      );
      // One step later: memory given back and taken again within a step would be new to the system each time.
      this.#freeCopies();
      this.#freeCopies = copiesIn(outputs, places);
      this.#state.swap();
      this.#steps = t;
      return floatsOf(outputs, "loss")[0];
    });
  }

  /** The teacher's targets as inputs of a step, and how many there are per position. */
  #targets(targets: Targets | undefined): {
    readonly feeds: Readonly<Record<string, Tensor>>;
    readonly k: number;
  } {
    if (targets === undefined) return { feeds: {}, k: 0 };
    const { batch, contextLength, vocabularySize } = this.#config;
    const rows = batch * contextLength;
    const k = Math.max(1, Math.floor(targets.ids.length / rows));
    const expected = [["batch × contextLength", rows] as const, ["k", k] as const];
    checkSize("targets.ids", targets.ids.length, expected);
    checkSize("targets.p", targets.p.length, expected);
    checkIds("targets.ids", targets.ids, vocabularySize);
    const targetIds = new this.#runtime.Tensor("int32", targets.ids.slice(), [rows, k]);
    const targetP = new this.#runtime.Tensor("float32", targets.p.slice(), [rows, k]);
    return { feeds: { targetIds, targetP }, k };
  }

  async loss(tokens: Int32Array): Promise<number> {
    const batch = this.#batch(tokens);
    return this.#serial(async () => {
      const size = { batch: this.#config.batch };
      const session = await this.#session("loss", () => lossGraph(this.#config, size));
      return floatsOf(await session.run({ ...this.#state.tensors(), tokens: batch }), "loss")[0];
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
      ...this.#state.tensors(),
      tokens: new this.#runtime.Tensor("int32", tokens, [n, T]),
      rows: new this.#runtime.Tensor("int32", rows, [n]),
    });
    return floatsOf(outputs, "logits");
  }

  parameters(): Promise<Float32Array> {
    return this.#serial(async () => this.#state.parameters.slice());
  }

  parametersDigest(): string {
    const data = this.#state.parameters;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return createHash("sha256").update(bytes).digest("hex");
  }

  dispose(): Promise<void> {
    this.#closing ??= this.#serial(async () => {
      this.#disposed = true;
      this.#freeCopies();
      const sessions = await Promise.all(this.#sessions.values());
      await Promise.all(sessions.map((session) => session.release()));
    });
    return this.#closing;
  }

  #batch(tokens: Int32Array): Tensor {
    const { batch, contextLength, vocabularySize } = this.#config;
    checkSize("tokens", tokens.length, [
      ["batch", batch],
      ["(contextLength + 1)", contextLength + 1],
    ]);
    checkIds("tokens", tokens, vocabularySize);
    // A copy: the caller may refill its buffer while this call waits its turn.
    return new this.#runtime.Tensor("int32", tokens.slice(), [batch, contextLength + 1]);
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
