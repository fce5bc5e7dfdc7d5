/** The optional peer onnxruntime-node: loading it late, and running a graph with it. */
import { VerdigrisError } from "@verdigris/core";
import type { InferenceSession, Tensor } from "onnxruntime-node";

export type Runtime = typeof import("onnxruntime-node");

/** Loads the engine; throws PEER_MISSING where it is not installed or does not load. */
export async function loadRuntime(): Promise<Runtime> {
  try {
    return await import("onnxruntime-node");
  } catch (cause) {
    throw new VerdigrisError(
      "PEER_MISSING",
      "the neural student needs the package onnxruntime-node (>= 1.30): install it next to @verdigris/survival",
      { cause },
    );
  }
}

/** Opens a graph on the CPU. One thread adds up in one order, so the same run gives the same bits. */
export function openSession(
  runtime: Runtime,
  model: Uint8Array,
  threads: number,
): Promise<InferenceSession> {
  return runtime.InferenceSession.create(model, {
    executionProviders: ["cpu"],
    executionMode: "sequential",
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
  });
}

/** The float32 data of one output. */
export function floatsOf(outputs: Readonly<Record<string, Tensor>>, name: string): Float32Array {
  return outputs[name].data as Float32Array;
}

/**
 * What a run gave back of outputs that it had been given a place for: the engine copies those once more. The value frees the
 * copies; as garbage they would cost a collection of the whole heap every few steps.
 */
export function copiesIn(
  outputs: Readonly<Record<string, Tensor>>,
  places: Readonly<Record<string, Tensor>>,
): () => void {
  const buffers = Object.entries(places).flatMap(([name, place]) => {
    const { buffer } = outputs[name].data as Float32Array<ArrayBuffer>;
    return buffer === (place.data as Float32Array).buffer ? [] : [buffer];
  });
  return () => {
    for (const buffer of buffers) buffer.transfer(0);
  };
}
