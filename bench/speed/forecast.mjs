// What `verdigris forecast` costs on logs of two sizes: processor seconds and memory, in a process of its own for each.
//
//   node bench/speed/forecast.mjs [--json FILE]        needs built packages (pnpm build)
//
// The log is the recorded answers of SmolLM2 with h = 2, with their tokens, as JSONL, repeated.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import { report, round } from "./timing.mjs";

const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const corpora = at("fixtures/corpora");
const folder = mkdtempSync(join(tmpdir(), "verdigris-forecast-"));
const manifest = JSON.parse(readFileSync(join(corpora, "smollm2/manifest.json"), "utf8"));
const { profile, file, tokens } = manifest.arms.find(({ name }) => name === "h2");
writeFileSync(join(folder, "profile.json"), JSON.stringify(profile));
const answers = brotliDecompressSync(readFileSync(join(corpora, "smollm2", file)));

/** Runs the command and prints what it took, last. */
const MEASURE = `
  const { main } = await import(${JSON.stringify(at("packages/cli/dist/main.js"))});
  const code = await main(process.argv);
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  console.log(JSON.stringify({ code, cpu: (userCPUTime + systemCPUTime) / 1e6, mebibytes: maxRSS / 1024 }));
`;

const rows = [];
try {
  for (const copies of [1, 10, 50]) {
    const log = join(folder, `${copies}.jsonl`);
    writeFileSync(log, Buffer.concat(Array(copies).fill(answers)));
    const args = ["--profile", join(folder, "profile.json"), "--log", log, "--format", "json"];
    const key = ["--key-file", join(corpora, "test-key.txt")];
    const out = execFileSync(
      process.execPath,
      ["--input-type=module", "-e", MEASURE, "--", "-", "forecast", ...args, ...key],
      { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], maxBuffer: 1 << 26 },
    );
    const { code, cpu, mebibytes } = JSON.parse(out.trim().split("\n").pop());
    const [served] = JSON.parse(`[${/"served": (\{[^}]*\})/.exec(out)[1]}]`);
    rows.push({
      "tokens in the log": copies * tokens,
      "counted as served": served.tokens,
      "exit code": code,
      "CPU s": round(cpu),
      "tokens read / CPU s": Math.round((2 * copies * tokens) / cpu),
      "peak MiB": Math.round(mebibytes),
    });
    rmSync(log);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
report("forecast", rows, {
  note: "the log is read twice: a tenth of it is held out for the audit",
});
