import type { Candidates, LanguageModel, Random, Tokens } from "@verdigris/core";
import type { Draws, Prediction } from "@verdigris/detector";
import { mapInParallel } from "../../parallel.js";
import type { ExternalStudent } from "./external-student.js";

/** A model run in this process, and how many of its sequences run at once. */
export interface LocalModel extends LanguageModel {
  readonly sequences?: number;
  dispose?(): Promise<void>;
}

/**
 * A student in a file, such as a GGUF through `@verdigris/watermark/node-llama-cpp`. Probabilities are those among the
 * candidates the engine hands over: open it with `candidates: 0` for the whole vocabulary.
 */
export function modelStudent(model: LocalModel): ExternalStudent {
  // Draws and probabilities of the same contexts come from one evaluation.
  const known = new WeakMap<readonly Tokens[], Promise<readonly Candidates[]>>();
  const at = (contexts: readonly Tokens[]): Promise<readonly Candidates[]> => {
    const found =
      known.get(contexts) ??
      mapInParallel(contexts, model.sequences ?? 1, (context) => candidatesAfter(model, context));
    known.set(contexts, found);
    return found;
  };
  return {
    kind: "model",
    async draws(contexts: readonly Tokens[], random: Random): Promise<Draws> {
      const all = await at(contexts);
      return { contexts, tokens: Uint32Array.from(all, (candidates) => draw(candidates, random)) };
    },
    async predict(contexts: readonly Tokens[]): Promise<readonly Prediction[]> {
      const all = await at(contexts);
      return all.map((candidates, i) => ({
        context: contexts[i],
        ids: candidates.ids,
        p: probabilities(candidates),
      }));
    },
    dispose: async (): Promise<void> => model.dispose?.(),
  };
}

async function candidatesAfter(model: LanguageModel, context: Tokens): Promise<Candidates> {
  const sequence = await model.start(context);
  try {
    return await sequence.next();
  } finally {
    sequence.end();
  }
}

function probabilities({ logits }: Candidates): Float64Array {
  const best = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const p = Float64Array.from(logits, (logit) => Math.exp(logit - best));
  const sum = p.reduce((total, value) => total + value, 0);
  return p.map((value) => value / sum);
}

function draw(candidates: Candidates, random: Random): number {
  const p = probabilities(candidates);
  let u = random.next();
  for (let i = 0; i < p.length; i++) if ((u -= p[i]) < 0) return candidates.ids[i];
  return candidates.ids[p.length - 1];
}
