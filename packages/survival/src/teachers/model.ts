import type { Tokens } from "@verdigris/core";
import { generate } from "@verdigris/watermark";
import type { Lesson } from "../datasets/index.js";
import { mapInParallel } from "../parallel.js";
import type { LocalModel } from "../students/external/index.js";
import type { Teacher, Teaching } from "./teacher.js";

/** How text becomes a model's tokens and back. */
export interface ModelText {
  /** A prompt as the model is shown it, chat template included. */
  encodePrompt(prompt: string): Tokens;
  decode(tokens: Tokens): string;
}

/**
 * A model run in this process, such as a GGUF through `@verdigris/watermark/node-llama-cpp`, with any mark: as many prompts
 * at a time as it has sequences. The same randomness gives the same answers, however many run at once.
 */
export function modelTeacher(model: LocalModel, text: ModelText): Teacher {
  return {
    kind: "model",
    answer: (prompts: readonly string[], teaching: Teaching): Promise<readonly Lesson[]> =>
      mapInParallel(prompts, model.sequences ?? 1, async (prompt, i) => {
        const { random, ...options } = teaching;
        const shown = text.encodePrompt(prompt);
        const tokens = await generate(model, shown, { ...options, random: random(i) });
        return { prompt, answer: text.decode(tokens), tokens };
      }),
    dispose: async (): Promise<void> => model.dispose?.(),
  };
}
