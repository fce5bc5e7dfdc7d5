import { writeWhole } from "@verdigris/text";
import { Command } from "commander";
import { type Io, locate, print, tell } from "../io.js";
import { formatOption } from "../options.js";
import { readReport } from "../stored-report.js";

interface ReportOptions {
  readonly format: "md" | "html" | "text";
  readonly out?: string;
}

/** `verdigris report`: a stored report in another form. */
export function reportCommand(io: Io): Command {
  return new Command("report")
    .description("render a stored report")
    .argument("<file>", "report.json of `verdigris survive`")
    .addOption(formatOption(["md", "html", "text"]))
    .option("--out <file>", "write to a file instead of standard output")
    .action(async (file: string, { format, out }: ReportOptions) => {
      const report = await readReport(locate(io, file));
      const { renderHtml, renderMarkdown, renderText } = await import("@verdigris/survival");
      const text = { md: renderMarkdown, html: renderHtml, text: renderText }[format](report);
      if (out === undefined) return print(io, text);
      await writeWhole(locate(io, out), text);
      tell(io, `wrote ${locate(io, out)}`);
    });
}
