/** Reports for the browser: of a human text with a marked passage, and of a recorded survival experiment. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type Report, renderHtml, runStudy } from "@verdigris/survival";
import { drawnStudy, studyMaterial } from "../../packages/survival/test/lab/support.js";
import { run } from "../../packages/cli/src/main.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What `score --report` writes of `samples/mixed.txt`. */
export async function detectionReport(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "verdigris-report-"));
  const out = join(folder, "report.html");
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const io = {
    stdin: process.stdin,
    stdout: nowhere,
    stderr: nowhere,
    env: {},
    cwd: ROOT,
    openModel: () => Promise.reject(new Error("this test opens no model")),
    stopped: () => Promise.resolve(),
  };
  const args = [
    "fixtures/corpora/samples/mixed.txt",
    "--profile=fixtures/corpora/smollm2/profile-h1.json",
    "--key-file=fixtures/corpora/test-key.txt",
    "--tokenizer=fixtures/models/smollm2/tokenizer.json",
  ];
  try {
    const code = await run(["score", ...args, "--report", out], io);
    if (code !== 0) throw new Error(`score: expected exit code 0, got ${code}`);
    return readFileSync(out, "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The survival report of the README's curve. */
export function survivalReport(): string {
  const stored = readFileSync(join(ROOT, "bench/results/survival.json"), "utf8");
  return renderHtml(JSON.parse(stored) as Report);
}

/** The report of a small study, with every figure. */
export async function studyReport(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "verdigris-study-"));
  try {
    return renderHtml(await runStudy(drawnStudy(), studyMaterial(), { directory }));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
