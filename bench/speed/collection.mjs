// What the collection monitor costs: noting an answer, on the answer's own way; and writing, beside it.
//
//   node bench/speed/collection.mjs [--json FILE]      needs built packages (pnpm build)
//
// 256 answers of 300 tokens after prompts of 100, as often as a write comes; of one group and account, of 256 accounts of one group, and of 256
// groups. Processor time for each answer, and the longest time for which nothing else could run while it was written.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { lehmer } from "@verdigris/core/testing";
import { CollectionMonitor } from "@verdigris/gateway/collection";
import { report, round } from "./timing.mjs";

const ANSWERS = 256;
const ROUNDS = 3;
const profile = { id: "bench", digest: "d".repeat(64), h: 4 };
const random = lehmer(1);
const tokens = (n) => Uint32Array.from({ length: n }, () => Math.floor(random.next() * 50_000));

const whose = {
  "one account": () => ["a", "g"],
  "256 accounts of a group": (i) => [`a${i}`, "g"],
  "256 groups": (i) => [`a${i}`, `g${i}`],
};

const rows = [];
for (const [name, of] of Object.entries(whose)) {
  const directory = mkdtempSync(join(tmpdir(), "collection-"));
  const salt = new Uint8Array(32).fill(1);
  const place = { newId: () => "bench", now: Date.now };
  const monitor = new CollectionMonitor(directory, { salt, every: 2 * ANSWERS, ...place });
  const [noting, writing] = [[], []];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  for (let round_ = -1; round_ < ROUNDS; round_++) {
    const answers = Array.from({ length: ANSWERS }, (_, i) => {
      const [tenant, group] = of(i);
      const evidence = { n: 280, effect: 0.3 };
      return {
        tenant,
        group,
        profile,
        keyId: "0".repeat(16),
        prompt: tokens(100),
        tokens: tokens(300),
        evidence,
      };
    });
    let before = process.cpuUsage();
    for (const answer of answers) monitor.note(answer);
    noting.push(since(before));
    before = process.cpuUsage();
    if (round_ >= 0) delay.enable();
    await monitor.flush();
    delay.disable();
    writing.push(since(before));
  }
  const mean = (all) => all.slice(1).reduce((sum, one) => sum + one, 0) / ROUNDS / ANSWERS;
  rows.push({
    answers: name,
    "noting, CPU us an answer": round(mean(noting)),
    "writing, CPU us an answer": round(mean(writing)),
    "longest stall, ms": round(delay.max / 1e6),
  });
  rmSync(directory, { recursive: true });
}
report("collection", rows, {
  timing: `${ROUNDS} rounds of ${ANSWERS} answers; processor time, all threads`,
});

function since(before) {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
