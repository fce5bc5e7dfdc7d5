import { appendFile } from "node:fs/promises";
import { type Io, locate, tell } from "./io.js";

/** GitHub takes a megabyte a step; a longer summary is cut after a line, and says so. */
const LIMIT = 1_000_000;

/**
 * Appends Markdown to the summary of a GitHub Actions step, whose file GITHUB_STEP_SUMMARY names; outside of Actions it
 * does nothing. A summary that cannot be written is told, and changes no verdict.
 */
export async function appendSummary(io: Io, pieces: Iterable<string>): Promise<void> {
  const path = io.env["GITHUB_STEP_SUMMARY"] ?? "";
  if (path === "") return;
  try {
    await appendFile(locate(io, path), bounded(pieces));
  } catch (error) {
    tell(io, `warning: GITHUB_STEP_SUMMARY: ${(error as Error).message}`);
  }
}

function bounded(pieces: Iterable<string>): string {
  const kept: string[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    bytes += Buffer.byteLength(piece);
    if (bytes > LIMIT) {
      kept.push("\n… cut here.\n");
      break;
    }
    kept.push(piece);
  }
  return `${kept.join("")}\n`;
}
