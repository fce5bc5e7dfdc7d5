// What `verdigris gateway --collected` costs for an answer that has passed: on the server's own thread, and on the one that tokenises.
//
//   node bench/speed/passing.mjs [--json FILE]      needs built packages (pnpm build)
//
// SmolLM2's 2,000 recorded answers of 120 tokens, with their prompts: told ten at a time, tokenised, scored, hashed and written. Processor
// time for each answer.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import { Key, parseProfile } from "@verdigris/core";
import { countingPassed } from "../../packages/cli/dist/serve/passing.js";
import { report, round } from "./timing.mjs";

/** Answers before the first that counts: code is compiled, and a file written. */
const WARM_UP = 500;
const fixture = (path) => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const corpus = fixture("corpora/smollm2");
const profile = parseProfile(JSON.parse(readFileSync(`${corpus}/profile-h1.json`, "utf8")));
const key = Key.fromText(readFileSync(fixture("corpora/test-key.txt"), "utf8"));
const answers = brotliDecompressSync(readFileSync(`${corpus}/h1.jsonl.br`))
  .toString()
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));
const tenant = { name: "a", group: "g", profile, digest: "d".repeat(64), key };
const start = { endpoint: "chat", status: { kind: "applied" } };
const stderr = new Writable({ write: (_piece, _encoding, done) => done() });

const rows = [];
for (const [name, withIds] of [
  ["with the engine's ids", true],
  ["without", false],
]) {
  const directory = mkdtempSync(join(tmpdir(), "passing-"));
  const tell = async (some) => {
    for (const [i, { prompt, text, tokens }] of some.entries()) {
      const said = [{ text, tokenIds: withIds ? tokens : null }];
      passing.onPassed({ start, body: { messages: [{ content: prompt }] }, said }, tenant);
      if (i % 10 === 9) await sleep(20);
    }
  };
  const file = { tokenizer: fixture("models/smollm2/tokenizer.json"), profiles: [profile] };
  const passing = await countingPassed({ cwd: directory, stderr }, "collected", file);
  await tell(answers.slice(0, WARM_UP));
  const [all, own] = [process.cpuUsage(), process.threadCpuUsage()];
  await tell(answers.slice(WARM_UP));
  await passing.close();
  const n = answers.length - WARM_UP;
  const [total, here] = [sum(process.cpuUsage(all)), sum(process.threadCpuUsage(own))];
  rows.push({
    answers: name,
    counted: answers.length - passing.lost(),
    "server's thread, CPU us an answer": round(here / n),
    "other threads, CPU us an answer": round((total - here) / n),
  });
  rmSync(directory, { recursive: true });
}
report("passing", rows, {
  timing: `${answers.length - WARM_UP} answers after ${WARM_UP}; processor time`,
});

function sum({ user, system }) {
  return user + system;
}
