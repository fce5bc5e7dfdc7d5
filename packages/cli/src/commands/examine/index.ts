import { Command } from "commander";
import type { Io } from "../../io.js";
import { alignmentCommand } from "./alignment.js";
import { bayesianCommand } from "./bayesian.js";
import { entropyCommand } from "./entropy.js";
import { payloadCommand } from "./payload.js";
import { trainCommand } from "./train.js";

/** `verdigris examine`: tests that single marks have besides `score`. A new one is its file and a line here. */
export function examineCommands(io: Io, finish: (exitCode: number) => void): Command {
  return new Command("examine")
    .description(
      "tests that single marks have besides score: payload, entropy, alignment, Bayesian",
    )
    .addCommand(payloadCommand(io, finish))
    .addCommand(entropyCommand(io, finish))
    .addCommand(alignmentCommand(io, finish))
    .addCommand(bayesianCommand(io, finish))
    .addCommand(trainCommand(io));
}
