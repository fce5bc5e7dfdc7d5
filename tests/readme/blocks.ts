/** Code blocks of a Markdown file that are marked for execution. */
import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";

/** One block, and what it must print if the file says so. */
export interface Block {
  readonly language: "js" | "ts" | "sh";
  /** Line of the opening fence, from 1. */
  readonly line: number;
  readonly code: string;
  readonly output: string | null;
}

const RUNNABLE =
  /^```(js|ts|sh) run\n(?<code>[\s\S]*?)^```\n(?:\s*^```text\n(?<output>[\s\S]*?)^```$)?/gm;

/** The blocks marked `run`, each with the `text` block that follows it, if only blank lines lie between. */
export function blocksOf(markdown: string): readonly Block[] {
  return Array.from(markdown.matchAll(RUNNABLE), (match) => ({
    language: match[1] as Block["language"],
    line: markdown.slice(0, match.index).split("\n").length,
    code: match.groups?.code ?? "",
    output: match.groups?.output ?? null,
  }));
}

/** What a program printed, and how it ended. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a block in `root`, where imports resolve and the commands of the workspace are on the path. */
export function run(block: Block, root: string): Outcome {
  const [command, ...args] = {
    js: [process.execPath, "--input-type=module"],
    ts: [process.execPath, "--input-type=module-typescript"],
    sh: ["bash", "-euo", "pipefail"],
  }[block.language];
  const path = [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter);
  const env = { ...process.env, PATH: path, NO_COLOR: "1" };
  return spawnSync(command, args, { cwd: root, input: block.code, encoding: "utf8", env });
}

/** Whether `printed` is the `expected` output; `…` stands for anything. */
export function agrees(printed: string, expected: string): boolean {
  const pattern = expected.trim().split("…").map(RegExp.escape).join("[^]*?");
  return new RegExp(`^${pattern}$`).test(printed.trim());
}
