import { existsSync } from "node:fs";
import {
  type Candidates,
  type LanguageModel,
  type ModelSequence,
  type Tokens,
  VerdigrisError,
} from "@verdigris/core";
import type { LlamaContext, LlamaContextSequence, LlamaModel, Token } from "node-llama-cpp";
import { type ChatMessage, chatTemplate } from "./node-llama-cpp-chat.js";

/** How to open a GGUF model. */
export interface LlamaOptions {
  readonly modelPath: string;
  /** Sequences evaluated as one batch; 8 is fastest for a small model on one core. Default 8. */
  readonly sequences?: number;
  /** Tokens of context per sequence. Default 1024. */
  readonly contextSize?: number;
  /** Candidates handed over per step, most likely first; 0 = the whole vocabulary (slow: a Map of V). Default 100. */
  readonly candidates?: number;
  /** Threads of llama.cpp. Default 1: start one process per core where texts do not wait for each other. */
  readonly threads?: number;
}

/** A GGUF model run by llama.cpp in this process. */
export interface LlamaLanguageModel extends LanguageModel {
  /** Most sequences that may run at once. */
  readonly sequences: number;
  /** Tokens that a sequence holds, prompt and answer together. */
  readonly contextSize: number;
  /** llama.cpp's own tokenizer; `special` turns control tokens in the text into their ids. */
  encode(text: string, special?: boolean): Tokens;
  decode(tokens: Tokens): string;
  /**
   * A conversation by the model's own template, up to where the assistant speaks; control tokens in what is said stay
   * text. Null for a model without a template.
   */
  chat(messages: readonly ChatMessage[]): Tokens | null;
  dispose(): Promise<void>;
}

/**
 * Opens a GGUF file through node-llama-cpp (an optional peer dependency).
 * @throws VerdigrisError MODEL_MISSING if there is no such file, FILE_INVALID if it is no model, PEER_MISSING if node-llama-cpp is not installed
 */
export async function openLlama(options: LlamaOptions): Promise<LlamaLanguageModel> {
  if (!existsSync(options.modelPath)) {
    throw new VerdigrisError(
      "MODEL_MISSING",
      `model: no file ${options.modelPath}. Any GGUF model works; fixtures/models/README.md says how to get SmolLM2-135M-Instruct`,
    );
  }
  const { getLlama, LlamaLogLevel, resolveChatWrapper } = await importPeer();
  const threads = options.threads ?? 1;
  const llama = await getLlama({
    gpu: false,
    build: "never",
    skipDownload: true,
    maxThreads: threads,
    logLevel: LlamaLogLevel.error,
  });
  const sequences = options.sequences ?? 8;
  const model = await llama.loadModel({ modelPath: options.modelPath }).catch((cause: Error) => {
    const [reason] = cause.message.split("\n");
    throw new VerdigrisError(
      "FILE_INVALID",
      `model: ${options.modelPath} cannot be opened: ${reason}`,
      { cause },
    );
  });
  const context = await model.createContext({
    sequences,
    threads,
    contextSize: options.contextSize ?? 1024,
    batchSize: 512,
  });
  const chat = chatTemplate(model, resolveChatWrapper);
  return wrap(model, context, { sequences, candidates: options.candidates ?? 100, chat });
}

async function importPeer(): Promise<typeof import("node-llama-cpp")> {
  try {
    return await import("node-llama-cpp");
  } catch (cause) {
    throw new VerdigrisError(
      "PEER_MISSING",
      "node-llama-cpp is not installed: add it to your project (npm install node-llama-cpp@3)",
      { cause },
    );
  }
}

function wrap(
  model: LlamaModel,
  context: LlamaContext,
  limits: {
    readonly sequences: number;
    readonly candidates: number;
    readonly chat: LlamaLanguageModel["chat"];
  },
): LlamaLanguageModel {
  const V = model.fileInfo.metadata.tokenizer.ggml.tokens.length;
  const topK = limits.candidates === 0 ? V : limits.candidates;
  const { eos, eot } = model.tokens;
  const pool = createPool(Array.from({ length: limits.sequences }, () => context.getSequence()));
  return {
    vocabularySize: V,
    endTokens: new Set([eos, eot].filter((token) => token !== null)),
    sequences: limits.sequences,
    contextSize: context.contextSize,
    chat: limits.chat,
    async start(prompt: Tokens): Promise<ModelSequence> {
      const sequence = await pool.take();
      await sequence.clearHistory();
      return openSequence(sequence, { prompt, topK, release: pool.give });
    },
    encode: (text: string, special = false): Tokens =>
      Uint32Array.from(model.tokenize(text, special)),
    decode: (tokens: Tokens): string => model.detokenize(Array.from(tokens) as Token[]),
    async dispose(): Promise<void> {
      await context.dispose();
      await model.dispose();
    },
  };
}

/** temperature 1 and neutral truncation make llama.cpp hand over raw logits; only with T > 0 does topK cut. */
function openSequence(sequence: LlamaContextSequence, options: SequenceOptions): ModelSequence {
  const wanted = {
    logits: true,
    options: { topK: options.topK, temperature: 1, topP: 1, minP: 0 },
  } as const;
  let pending: Token[] = Array.from(options.prompt) as Token[];
  let open = true;
  return {
    async next(): Promise<Candidates> {
      const last = pending.length - 1;
      if (last < 0) throw new RangeError("prompt: expected at least one token, got none");
      const input = pending.map((token, i) =>
        i === last ? ([token, { generateNext: wanted }] as const) : token,
      );
      pending = [];
      const output = await sequence.controlledEvaluate(
        input as Parameters<typeof sequence.controlledEvaluate>[0],
      );
      const logits = output[last]?.next.logits;
      if (logits === undefined)
        throw new Error("node-llama-cpp returned no logits for the last token");
      return { ids: Uint32Array.from(logits.keys()), logits: Float32Array.from(logits.values()) };
    },
    push(token: number): void {
      pending.push(token as Token);
    },
    end(): void {
      if (open) options.release(sequence);
      open = false;
    },
  };
}

interface SequenceOptions {
  readonly prompt: Tokens;
  readonly topK: number;
  readonly release: (sequence: LlamaContextSequence) => void;
}

/** Lends items to one taker each; a taker waits while all are out. */
function createPool<T>(items: readonly T[]): { take(): Promise<T>; give(item: T): void } {
  const free = [...items];
  const waiting: ((item: T) => void)[] = [];
  return {
    take(): Promise<T> {
      const item = free.pop();
      return item === undefined
        ? new Promise((resolve) => waiting.push(resolve))
        : Promise.resolve(item);
    },
    give(item: T): void {
      const next = waiting.shift();
      if (next === undefined) free.push(item);
      else next(item);
    },
  };
}
