/**
 * From texts to steps: one stream of a student's own tokens, cut into batches at random places.
 *
 * N positions of the stream, k probabilities of a teacher per position, B sequences of T + 1 tokens.
 */
import type { Random } from "@verdigris/core";
import type { Text } from "../corpus.js";
import { below } from "../random.js";
import type { NeuralModel, Targets } from "./index.js";
import type { Vocabulary } from "./vocabulary.js";

/** How a student is trained. */
export interface TrainingOptions {
  readonly contextLength: number;
  readonly batch: number;
  readonly learningRate: number;
  /** Passes over the stream. */
  readonly epochs: number;
}

/** All texts in one stream, the stand-in between them. (N) */
export function streamOf(texts: readonly Text[], { encode }: Vocabulary): Int32Array {
  const parts = texts.map((text) => encode(text.tokens));
  const stream = new Int32Array(parts.reduce((sum, part) => sum + part.length + 1, 0));
  let at = 0;
  for (const part of parts) {
    stream.set(part, at + 1);
    at += part.length + 1;
  }
  return stream;
}

/** A stream and what the teacher thought at each of its positions. */
export interface Examples {
  readonly stream: Int32Array; // (N)
  /** (N, k); absent if the tokens alone are learned. */
  readonly targets?: Targets & { readonly k: number };
}

/** Texts as they were drawn. */
export function sampledExamples(texts: readonly Text[], vocabulary: Vocabulary): Examples {
  return { stream: streamOf(texts, vocabulary) };
}

/**
 * Texts with the teacher's probabilities where they carry them, and certainty of the token where they do not.
 * @throws RangeError if the student's tokens are not the teacher's
 */
export function distilledExamples(texts: readonly Text[], vocabulary: Vocabulary): Examples {
  const { ofToken } = vocabulary;
  if (ofToken === undefined) {
    throw new RangeError('targets: expected "tokens" for a student with pieces of its own');
  }
  const stream = streamOf(texts, vocabulary);
  const k = texts.reduce((most, { targets }) => Math.max(most, targets?.k ?? 1), 1);
  const ids = new Int32Array(stream.length * k);
  const p = new Float32Array(stream.length * k);
  const certain = (at: number): void => {
    ids[at * k] = stream[at];
    p[at * k] = 1;
  };
  let at = 0;
  for (const { tokens, targets } of texts) {
    certain(at++);
    for (let t = 0; t < tokens.length; t++, at++) {
      if (targets?.of !== tokens) {
        certain(at);
        continue;
      }
      for (let i = 0; i < targets.k; i++) {
        ids[at * k + i] = ofToken(targets.ids[t * targets.k + i]);
        p[at * k + i] = targets.p[t * targets.k + i];
      }
    }
  }
  return { stream, targets: { k, ids, p } };
}

/** Trains on batches of sequences at random starts; the step size falls along a half cosine. */
export async function fit(
  model: NeuralModel,
  { stream, targets }: Examples,
  { random, options }: { readonly random: Random; readonly options: TrainingOptions },
): Promise<void> {
  const { batch, contextLength: T, learningRate, epochs } = options;
  if (stream.length === 0) return;
  const steps = Math.max(1, Math.round((epochs * stream.length) / (batch * T)));
  const tokens = new Int32Array(batch * (T + 1));
  const k = targets?.k ?? 0;
  const next = { ids: new Int32Array(batch * T * k), p: new Float32Array(batch * T * k) };
  for (let step = 0; step < steps; step++) {
    for (let b = 0; b < batch; b++) {
      const start = below(random, Math.max(1, stream.length - T - 1));
      tokens.set(stream.subarray(start, start + T + 1), b * (T + 1));
      if (targets === undefined) continue;
      const range = [(start + 1) * k, (start + T + 1) * k] as const;
      next.ids.set(targets.ids.subarray(...range), b * T * k);
      next.p.set(targets.p.subarray(...range), b * T * k);
    }
    const warmUp = Math.min(1, (step + 1) / 20);
    const decay = 0.5 * (1 + Math.cos((Math.PI * step) / steps));
    await model.step(tokens, {
      learningRate: learningRate * warmUp * decay,
      ...(targets === undefined ? {} : { targets: next }),
    });
  }
}

/** Batches that a loss looks at, at most. */
const LOSS_BATCHES = 16;

/** Loss over whole batches of the stream, nats per token of the student's own vocabulary. */
export async function meanLoss(
  model: NeuralModel,
  stream: Int32Array,
  { batch, contextLength: T }: TrainingOptions,
): Promise<number> {
  const rows = Math.floor((stream.length - 1) / T);
  const tokens = new Int32Array(batch * (T + 1));
  const batches = Math.min(LOSS_BATCHES, Math.floor(rows / batch));
  let sum = 0;
  for (let i = 0; i < batches; i++) {
    for (let b = 0; b < batch; b++) {
      const start = (i * batch + b) * T;
      tokens.set(stream.subarray(start, start + T + 1), b * (T + 1));
    }
    sum += await model.loss(tokens);
  }
  return batches === 0 ? 0 : sum / batches;
}
