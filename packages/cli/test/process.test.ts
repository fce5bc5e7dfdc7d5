/** The command as a process of its own: what only shows there. Needs the build. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { keyPath, profilePath } from "./support.js";

/** Leaves no room for garbage that waits to be collected; the set of positions lies outside this heap. */
const SMALL_HEAP = "--max-old-space-size=64";

const BIN = fileURLToPath(new URL("../bin/verdigris.js", import.meta.url));

/** Records of 500 tokens, hardly a window of which comes twice; about 3 kB each. */
function record(i: number): string {
  let x = i + 1;
  const next = (): number => 17 + ((x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0) % 49_135);
  return `{"text":"x","tokens":[${Array.from({ length: 500 }, next).join(",")}]}\n`;
}

interface Run {
  readonly peakMiB: number;
  readonly verdict: { readonly tokens: number; readonly warnings: readonly string[] };
}

/** Scores `n` records from standard input in a process of its own. */
async function run(n: number, ...args: readonly string[]): Promise<Run> {
  const command = ["score", "-", "--input", "jsonl", "--format", "jsonl", "--decoys", "0", ...args];
  const all = [...command, "--profile", profilePath, "--key-file", keyPath];
  const script = `
    process.argv = ["node", "verdigris", ...${JSON.stringify(all)}];
    await import(${JSON.stringify(BIN)});
    console.error(process.resourceUsage().maxRSS / 1024);`;
  const child = spawn(process.execPath, [SMALL_HEAP, "--input-type=module", "-e", script]);
  const said = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.stderr += text));
  const closed = once(child, "close");
  for (let i = 0; i < n; i++) {
    if (!child.stdin.write(record(i))) await once(child.stdin, "drain");
  }
  child.stdin.end();
  await closed;
  const verdict = JSON.parse(said.stdout.trimEnd().split("\n").at(-1) ?? "") as Run["verdict"];
  return { peakMiB: Number(said.stderr.trim()), verdict };
}

test("memory does not grow with the input: eight times as much takes as much, in the memory given", async () => {
  const small = await run(1500, "--memory", "4", "--per-document");
  const large = await run(12_000, "--memory", "4", "--per-document");
  expect(large.verdict).toMatchObject({
    tokens: 6_000_000,
    warnings: [expect.stringContaining("more different positions than memory was given for")],
  });
  // Growth in MiB, not as a ratio: a lighter command must not be allowed less, nor a heavier one more.
  expect(large.peakMiB - small.peakMiB).toBeLessThan(40);
  // Canary: with room for every position, input takes more.
  const roomy = await run(20_000, "--memory", "4096");
  expect(roomy.verdict.warnings).toEqual([]);
  expect(roomy.peakMiB - small.peakMiB).toBeGreaterThan(80);
});

test("an error that nobody awaits is exit code 2, not the 1 of a verdict", async () => {
  const late = 'data:text/javascript,setTimeout(() => { throw new TypeError("late") }, 300)';
  const settings = ["--profile", profilePath, "--key-file", keyPath];
  const child = spawn(process.execPath, ["--import", late, BIN, "score", "-", ...settings]);
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code] = (await once(child, "close")) as unknown as readonly [number];
  expect(stderr).toBe("error: late\n");
  expect(code).toBe(2);
});
