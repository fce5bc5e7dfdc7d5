import { detectPayload } from "@verdigris/detector";
import type { Command } from "commander";
import type { Io } from "../../io.js";
import { numberOption } from "../../options.js";
import { type MarkOptions, markCommandOf, markedTexts, report } from "./examination.js";

interface PayloadOptions extends MarkOptions {
  readonly payloads?: number;
}

/** `verdigris examine payload`: which message a mark carries. */
export function payloadCommand(io: Io, finish: (exitCode: number) => void): Command {
  return markCommandOf("payload", "read the payload of a mark that has one")
    .addOption(
      numberOption("--payloads <n>", "payloads 0 … n − 1 are tried (default: all, if in a code)", {
        min: 1,
        max: 2 ** 19,
        whole: true,
      }),
    )
    .action(async (files: readonly string[], options: PayloadOptions) => {
      const { profile, key, texts } = await markedTexts(io, files, options);
      if (!("payload" in profile.parameters)) {
        throw new TypeError(
          `--profile: expected a mark with a parameter payload, got ${profile.scheme}`,
        );
      }
      const tried = options.payloads === undefined ? {} : { payloads: options.payloads };
      const { payload, evidence, log10P, coded } = detectPayload(profile, key, texts, tried);
      const figures = {
        payload,
        n: evidence.n,
        effect: evidence.effect,
        ...(coded === null ? {} : { posterior: coded.posterior, log10E: coded.log10E }),
      };
      const notes = [
        "p is corrected for the payloads tried; the payload is a guess unless detected",
      ];
      finish(await report(io, { log10P, figures, notes }, options));
    });
}
