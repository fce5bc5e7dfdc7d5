// What `verdigris gateway --collected` costs for an answer that has passed: on the server's own thread, and on the one that tokenises.
//
//   node bench/speed/passing.mjs [--json FILE]      needs built packages (pnpm build)
//
// SmolLM2's 2,000 recorded answers of 120 tokens, with their prompts: told ten at a time, tokenised, scored, hashed and written. Processor
// time for each answer; and, of all answers told once more, the longest turns of the server's event loop, in which no stream is served.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import { Key } from "@verdigris/core";
import { CORPUS, countedIn, countingIn, profile } from "./collected.mjs";
import { report, round } from "./timing.mjs";
import { timedTurns } from "./turns.mjs";

/** Answers before the first that counts: code is compiled, and a file written. */
const WARM_UP = 500;
const keyFile = fileURLToPath(new URL("../../fixtures/corpora/test-key.txt", import.meta.url));
const key = Key.fromText(readFileSync(keyFile, "utf8"));
const answers = brotliDecompressSync(readFileSync(`${CORPUS}/h1.jsonl.br`))
  .toString()
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));
const tenant = { name: "a", group: "g", profile, digest: "d".repeat(64), key };
const start = { endpoint: "chat", status: { kind: "applied" } };

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
  const passing = await countingIn(directory);
  await tell(answers.slice(0, WARM_UP));
  const [all, own] = [process.cpuUsage(), process.threadCpuUsage()];
  await tell(answers.slice(WARM_UP));
  const n = answers.length - WARM_UP;
  const [total, here] = [sum(process.cpuUsage(all)), sum(process.threadCpuUsage(own))];
  const turns = timedTurns();
  await tell(answers);
  const [longest, ...others] = turns.stop();
  await passing.close();
  rows.push({
    answers: name,
    counted: (await countedIn(directory)).answers,
    "server's thread, CPU us an answer": round(here / n),
    "other threads, CPU us an answer": round((total - here) / n),
    "longest turn, ms": round(longest),
    "tenth longest": round(others[8]),
  });
  rmSync(directory, { recursive: true });
}
report("passing", rows, {
  timing: `${answers.length - WARM_UP} answers after ${WARM_UP}; processor time`,
});

function sum({ user, system }) {
  return user + system;
}
