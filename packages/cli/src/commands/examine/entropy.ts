import { bindScheme } from "@verdigris/core";
import { modelTest } from "@verdigris/detector";
import type { Command } from "commander";
import { type Io, locate } from "../../io.js";
import { numberOption } from "../../options.js";
import { type MarkOptions, markCommandOf, markedTexts, report } from "./examination.js";

interface EntropyOptions extends MarkOptions {
  readonly model: string;
  readonly candidates: number;
}

/** `verdigris examine entropy`: SWEET and EWD, whose detectors ask a model how much each position counts. */
export function entropyCommand(io: Io, finish: (exitCode: number) => void): Command {
  return markCommandOf("entropy", "test a mark that weighs positions by a model's entropy")
    .requiredOption("--model <file>", "model (GGUF), run by node-llama-cpp")
    .addOption(
      numberOption("--candidates <n>", "tokens the entropy is taken over; 0 = all, slow", {
        min: 0,
        max: 2 ** 19,
        whole: true,
      }).default(100),
    )
    .action(async (files: readonly string[], options: EntropyOptions) => {
      const { profile, key, texts } = await markedTexts(io, files, options);
      const longest = texts.reduce(
        (most, { tokens, prompt }) => Math.max(most, tokens.length + (prompt?.length ?? 0)),
        0,
      );
      const model = await io.openModel({
        modelPath: locate(io, options.model),
        sequences: 1,
        contextSize: longest + 8,
        candidates: options.candidates,
      });
      try {
        const { log10P, n, effectiveN, effect } = await modelTest(
          bindScheme(profile, key),
          texts,
          model,
        );
        const figures = { n, effectiveN, effect };
        const notes = [
          "weights come of text, prompt and model, never of the key; another model costs power, not validity",
        ];
        finish(await report(io, { log10P, figures, notes }, options));
      } finally {
        await model.dispose();
      }
    });
}
