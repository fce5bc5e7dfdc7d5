import { VerdigrisError, parseWith } from "@verdigris/core";
import { type BayesianModel, bayesianTest } from "@verdigris/detector";
import type { Command } from "commander";
import * as z from "zod";
import { readJsonFile } from "../../files.js";
import { type Io, locate } from "../../io.js";
import { numberOption } from "../../options.js";
import { type MarkOptions, markCommandOf, markedTexts, report } from "./examination.js";

interface BayesianOptions extends MarkOptions {
  readonly weights: string;
  readonly decoys: number;
}

const weightsSchema = z.object({
  version: z.literal(1),
  depth: z.int().min(1).max(32),
  prior: z.number().gt(0).lt(1),
  beta: z.array(z.number()),
  delta: z.array(z.number()),
});

/** `verdigris examine bayesian`: SynthID's Bayesian score, with trained weights. */
export function bayesianCommand(io: Io, finish: (exitCode: number) => void): Command {
  return markCommandOf("bayesian", "SynthID's Bayesian score, by weights that `train` wrote")
    .requiredOption("--weights <file>", "weights (JSON)")
    .addOption(
      numberOption("--decoys <n>", "decoy keys", { min: 0, max: 1e6, whole: true }).default(99),
    )
    .action(async (files: readonly string[], options: BayesianOptions) => {
      const model = await readWeights(locate(io, options.weights));
      const { texts, ...mark } = await markedTexts(io, files, options);
      const { decoys } = options;
      const { log10P, ...figures } = bayesianTest(model, mark, texts, { decoys });
      const notes = [
        "the posterior is no p-value: it is as right as the weights",
        "p is 1/E of the likelihood ratio, valid whatever the weights; decoyP is exact, too",
      ];
      finish(await report(io, { log10P, figures: { ...figures }, notes }, options));
    });
}

async function readWeights(path: string): Promise<BayesianModel> {
  const where = { name: path, code: "FILE_INVALID" } as const;
  const { depth, prior, beta, delta } = parseWith(weightsSchema, await readJsonFile(path), where);
  for (const [name, list, n] of [
    ["beta", beta, depth],
    ["delta", delta, depth * depth],
  ] as const) {
    if (list.length !== n) {
      throw new VerdigrisError(
        "FILE_INVALID",
        `${path}.${name}: expected ${n} numbers, got ${list.length}`,
      );
    }
  }
  return { depth, prior, beta: Float64Array.from(beta), delta: Float64Array.from(delta) };
}
