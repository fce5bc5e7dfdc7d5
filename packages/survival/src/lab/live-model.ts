/** The model of a study's material, run here: it teaches, or puts a thief's corpus in other words. */
import type { LanguageModel, Tokens } from "@verdigris/core";
import { PLAIN_SAMPLING, generate } from "@verdigris/watermark";
import type { LlamaLanguageModel } from "@verdigris/watermark/node-llama-cpp";
import type { Material } from "../material.js";
import { randomStream } from "../random.js";

/** Tokens of a sequence: prompt and answer. */
const CONTEXT = 2048;

/** @throws RangeError if the material has none, or it reads text in other tokens; as `openLlama` does */
export async function openModel({ model, vocabularySize }: Material): Promise<LlamaLanguageModel> {
  if (model === undefined) throw new RangeError("material.model: expected a GGUF file, got none");
  const { openLlama } = await import("@verdigris/watermark/node-llama-cpp");
  const { file: modelPath, sequences, threads } = model;
  const own = await openLlama({ modelPath, sequences, threads, contextSize: CONTEXT });
  if (own.vocabularySize === vocabularySize) return own;
  await own.dispose();
  throw new RangeError(
    `material.model: expected the material's V = ${vocabularySize}, got ${own.vocabularySize}`,
  );
}

const REQUEST = "Rewrite the following text in your own words. Keep its meaning and length.\n\n";
const SAMPLING = { ...PLAIN_SAMPLING, temperature: 0.7, topP: 0.95 };
/** An answer may be a fifth longer than the text. */
const LONGER = 1.2;

/** What is needed of a model that is asked for other words. */
export type Rewriter = LanguageModel & Pick<LlamaLanguageModel, "encode" | "decode" | "chat">;

/** A text in other words. The same seed and text give the same answer. */
export async function inOtherWords(model: Rewriter, text: string, seed: string): Promise<string> {
  const prompt = model.chat([{ role: "user", content: REQUEST + text }]) ?? plain(model, text);
  const maxTokens = Math.round(LONGER * model.encode(text).length);
  const random = randomStream("rewriting", seed, text);
  const answer = await generate(model, prompt, {
    scheme: null,
    random,
    maxTokens,
    sampling: SAMPLING,
  });
  return model.decode(answer);
}

/** For a model without a template. */
function plain(model: Rewriter, text: string): Tokens {
  return model.encode(`${REQUEST}${text}\n\nIn other words:`);
}
