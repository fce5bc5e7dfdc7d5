import { VerdigrisError } from "@verdigris/core";
import type { Report } from "@verdigris/survival";
import { Command } from "commander";
import { readJsonFile } from "../files.js";
import { type Io, locate, print, tell } from "../io.js";
import { formatOption } from "../options.js";

/** Parts a stored report must have: one without its controls proves nothing. */
const CONTROLS = ["unmarkedTeacher", "untrained", "wrongKeys", "teacher", "copier"] as const;

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
      const { renderHtml, renderMarkdown, renderText, writeWhole } =
        await import("@verdigris/survival");
      const text = { md: renderMarkdown, html: renderHtml, text: renderText }[format](report);
      if (out === undefined) return print(io, text);
      await writeWhole(locate(io, out), text);
      tell(io, `wrote ${locate(io, out)}`);
    });
}

async function readReport(path: string): Promise<Report> {
  const value = await readJsonFile(path);
  if (isReport(value)) return value;
  throw new VerdigrisError(
    "FILE_INVALID",
    `${path} is not a report of \`verdigris survive\`, version 1, with all its controls`,
  );
}

function isReport(value: unknown): value is Report {
  const { version, cells, controls } = (value ?? {}) as Partial<Report>;
  if (version !== 1 || controls === undefined || controls === null) return false;
  return [cells, ...CONTROLS.map((name) => controls[name])].every(
    (part) => Array.isArray(part) && part.length > 0,
  );
}
