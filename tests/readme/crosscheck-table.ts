/** The README's table of the cross-check with the real peers, from bench/results/crosscheck.json. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(
  new URL("../../bench/peers/live/crosscheck-table.mjs", import.meta.url),
);

/** Markdown of the table, as the benchmark prints it. */
export function crosscheckTable(): string {
  return execFileSync(process.execPath, [SCRIPT], { encoding: "utf8" }).trimEnd();
}
