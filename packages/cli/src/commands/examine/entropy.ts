import { type Scheme, bindScheme } from "@verdigris/core";
import { type Piece, modelFigures, modelTest } from "@verdigris/detector";
import { markLlmModelScore } from "@verdigris/detector/peers";
import type { Command } from "commander";
import { type Io, locate } from "../../io.js";
import { numberOption } from "../../options.js";
import { type MarkOptions, markCommandOf, markedTexts, report } from "./examination.js";

interface EntropyOptions extends MarkOptions {
  readonly model: string;
  readonly candidates: number;
  readonly asPeer: boolean;
}

const WEIGHTS =
  "weights come of text, prompt and model, never of the key; another model costs power, not validity";
const MARKLLM =
  "MarkLLM detects above 4; its z counts repeated coins again, and takes γ for the list's share";

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
    .option("--as-peer", "also the z that MarkLLM would print of each text", false)
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
        const scheme = bindScheme(profile, key);
        const entropies = await modelFigures(scheme, texts, model);
        const { log10P, n, effectiveN, effect } = modelTest(scheme, texts, entropies);
        const peer = options.asPeer ? markLlmFigures(scheme, texts, entropies) : {};
        const figures = { n, effectiveN, effect, ...peer };
        const notes = options.asPeer ? [WEIGHTS, MARKLLM] : [WEIGHTS];
        finish(await report(io, { log10P, figures, notes }, options));
      } finally {
        await model.dispose();
      }
    });
}

/** MarkLLM's z of each text; null, as JSON has no NaN, where no position counts. */
function markLlmFigures(
  scheme: Scheme,
  texts: readonly Piece[],
  entropies: readonly Float64Array[],
): Readonly<Record<string, number | null>> {
  return Object.fromEntries(
    texts.map(({ tokens }, i) => {
      const score = markLlmModelScore(scheme, tokens, entropies[i]);
      const name = texts.length === 1 ? "MarkLLM z" : `MarkLLM z ${i + 1}`;
      return [name, Number.isFinite(score) ? score : null];
    }),
  );
}
