// What the collection monitor costs: noting an answer, on the answer's own way; and writing, beside it.
//
//   node bench/speed/collection.mjs [--json FILE]      needs built packages (pnpm build)
//
// 256 answers of 300 tokens after prompts of 100, as often as a write comes; of one group and account, of 256 accounts of one group, and of 256
// groups. Processor time for each answer, all threads; and, in rounds of their own, the longest turn of the event loop while it was written, in
// which nothing else could run: in the median round and in the worst. The first rounds run code that was not compiled yet, and are told apart.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lehmer } from "@verdigris/core/testing";
import { CollectionMonitor } from "@verdigris/gateway/collection";
import { median, report, round } from "./timing.mjs";
import { timedTurns } from "./turns.mjs";

const ANSWERS = 256;
const ROUNDS = 4;
const profile = { id: "bench", digest: "d".repeat(64), h: 4 };
const random = lehmer(1);
const tokens = (n) => Uint32Array.from({ length: n }, () => Math.floor(random.next() * 50_000));

const whose = {
  "one account": () => ["a", "g"],
  "256 accounts of a group": (i) => [`a${i}`, "g"],
  "256 groups": (i) => [`a${i}`, `g${i}`],
};

function answer([tenant, group]) {
  const [keyId, prompt, evidence] = ["0".repeat(16), tokens(100), { n: 280, effect: 0.3 }];
  return { tenant, group, profile, keyId, prompt, tokens: tokens(300), evidence };
}

const rows = [];
for (const [name, of] of Object.entries(whose)) {
  const directory = mkdtempSync(join(tmpdir(), "collection-"));
  const salt = new Uint8Array(32).fill(1);
  const place = { newId: () => "bench", now: Date.now };
  const monitor = new CollectionMonitor(directory, { salt, every: 2 * ANSWERS, ...place });
  const [noting, writing, stalls] = [[], [], []];
  for (let n = 0; n <= 2 * ROUNDS; n++) {
    const answers = Array.from({ length: ANSWERS }, (_, i) => answer(of(i)));
    let before = process.cpuUsage();
    for (const one of answers) monitor.note(one);
    const noted = since(before);
    before = process.cpuUsage();
    // Both kinds of round take turns: the sketches fill up on the way.
    const turns = n % 2 === 0 ? timedTurns() : null;
    await monitor.flush();
    if (turns !== null) stalls.push(turns.stop()[0]);
    else [noted, since(before)].forEach((us, i) => [noting, writing][i].push(us / ANSWERS));
  }
  rows.push({
    answers: name,
    "noting, CPU us an answer": round(median(noting)),
    "writing, CPU us an answer": round(median(writing)),
    "longest turn, ms": round(median(stalls.slice(1))),
    "the worst": round(Math.max(...stalls.slice(1))),
    "the first": round(stalls[0]),
  });
  rmSync(directory, { recursive: true });
}
report("collection", rows, {
  timing: `${ROUNDS} rounds of ${ANSWERS} answers for each kind of figure, medians`,
});

function since(before) {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
