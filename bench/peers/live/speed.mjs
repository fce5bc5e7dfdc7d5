// Marks of other projects against the projects themselves, in one run, one core each: a step of embedding, and the
// detection of a text. Ratios of medians over interleaved rounds, against the peer at its best of the default and a
// tuned malloc, with outputs compared in the same run. Times are CPU time of the working thread, so that neighbours on a
// busy machine hardly count; steps of this package are too short for Node's CPU clock and are timed by the wall's.
//
//   sh bench/peers/live/setup.sh && node bench/peers/live/speed.mjs [--quick] [--only TEXT] [--size V] [--json FILE]
//
// Needs built packages. The logits lie in the toolkit's memory, and both sides copy the row before they change it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomStream } from "@verdigris/survival";
import { humanTokens } from "../../speed/human-tokens.mjs";
import { median, report, round } from "../../speed/timing.mjs";
import { peerProcess, peersJson } from "./peers.mjs";
import { detections, embeddings } from "./speed-tasks.mjs";

const quick = process.argv.includes("--quick");
const ROUNDS = quick ? 3 : 7;
const DETECTION_ROUNDS = quick ? 2 : 5;
/** Steps of ours for one of theirs. */
const OURS = 6;
/** Steps of ours before those that count: V8 takes some hundreds to compile a step's loops to the end. */
const WARM_UP = 600;
const ONE_CORE = { OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };
const TUNED = {
  MALLOC_MMAP_THRESHOLD_: "2147483648",
  MALLOC_TRIM_THRESHOLD_: "4294967296",
  MALLOC_TOP_PAD_: "268435456",
};

const option = (name) =>
  process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : null;
const [only, size] = [option("--only") ?? "", option("--size")];
const wanted = ({ name, V }) => name.includes(only) && (size === null || Number(size) === V);
const directory = mkdtempSync(join(tmpdir(), "peers-speed-"));
const processes = {
  default: peerProcess(ONE_CORE),
  tuned: peerProcess({ ...ONE_CORE, ...TUNED }),
};
const human = await humanTokens(100_000);
const distinct = [...new Set(human.tokens)];
const logits = new Map();
const rows = [];
try {
  for (const task of embeddings().filter(wanted)) rows.push(await compareEmbedding(task));
  for (const task of detections().filter(wanted)) rows.push(await compareDetection(task));
} finally {
  for (const { end } of Object.values(processes)) end();
  rmSync(directory, { recursive: true });
}
report("peers-speed", rows, {
  versions: peersJson("versions"),
  tokens: human.source,
  rounds: { embedding: ROUNDS, detection: DETECTION_ROUNDS },
  rule: "medians of CPU time (steps of ours: wall time); the peer at its best of default and tuned malloc; one thread each",
});
if (rows.some(({ equal }) => equal === false)) {
  console.error("outputs differ");
  process.exitCode = 1;
}

/** Times a step after distinct tokens, so that no side can have seen its context. */
async function compareEmbedding({ name, V, goal, peer, calls = 3, ours, differ }) {
  const file = rowFile(V);
  const out = join(directory, "out");
  const mine = ours(V, rowOf(V));
  for (let i = 0; i < WARM_UP; i++) mine.step(distinct, distinct.length - i); // contexts that come up nowhere else
  const shown = { default: [], tuned: [] };
  let at = 0;
  let latest;
  const times = await interleave(
    async () => {
      const start = at;
      at += OURS * calls;
      return Array.from({ length: OURS * calls }, (_, i) => mine.step(distinct, start + i + 1));
    },
    async (which, turn) => {
      // SynthID's peers start from a context of zeros, which the warm-up leaves behind.
      const tokens = distinct.slice(at - (turn < 0 ? OURS * calls : calls), at);
      shown[which].push(...tokens);
      latest = shown[which];
      return processes[which].ask({ ...peer, V, row: file, out, tokens });
    },
  );
  mine.step(latest, latest.length); // what the peer did last
  return {
    task: name,
    V,
    ...figures(times, { unit: "µs a token", goal }),
    ...agreement(differ && (() => differ(out, mine.last(), V)), mine.tolerance),
  };
}

/** Times a detection. `theirs`: how much of the text the peer gets, if it would need too long for all of it. */
async function compareDetection({ name, V, goal, peer, tokens: n, theirs = n, ours, check }) {
  const shorter = (length) => human.tokens.subarray(0, quick ? Math.min(length, 3000) : length);
  const [tokens, shown] = [shorter(n), shorter(theirs)];
  const mine = ours(V);
  let answer;
  const times = await interleave(
    async () => [mine.run(tokens)],
    async (which, turn) => {
      const text = [...(turn < 0 ? shown.subarray(0, 1000) : shown)];
      answer = await processes[which].ask({ ...peer, V, tokens: text });
      return [answer.time * (tokens.length / shown.length)];
    },
    DETECTION_ROUNDS,
  );
  const perSecond = (spent) => Math.round((tokens.length / median(spent)) * 1e6);
  return {
    task: name,
    V,
    tokens: tokens.length,
    "tokens for the peer": shown.length,
    ...figures(times, { unit: "tokens/s", goal, perSecond }),
    ...agreement(check && (() => check(answer.figures, shown, V)), 1e-5),
  };
}

/** Whether outputs agree; null where the two sides do different things. */
function agreement(difference, tolerance) {
  if (!difference) return { equal: null, difference: null };
  const value = difference();
  return { equal: value <= tolerance, difference: value };
}

/** Rounds of ours and theirs in turn. After the first counted round only the faster of the peer's processes goes on. */
async function interleave(mine, theirs, rounds = ROUNDS) {
  const times = { ours: [], default: [], tuned: [] };
  let running = Object.keys(processes);
  for (let turn = -1; turn < rounds; turn++) {
    const spent = await mine();
    if (turn >= 0) times.ours.push(...spent);
    for (const which of running) {
      const spentThere = await theirs(which, turn);
      if (turn >= 0) times[which].push(...spentThere);
    }
    if (turn === 0) running = [median(times.default) <= median(times.tuned) ? "default" : "tuned"];
  }
  return times;
}

function figures(times, { unit, goal, perSecond = (spent) => round(median(spent)) }) {
  const malloc = times.default.length >= times.tuned.length ? "default" : "tuned";
  const ratio = median(times[malloc]) / median(times.ours);
  return {
    unit,
    peer: perSecond(times[malloc]),
    malloc,
    ours: perSecond(times.ours),
    ratio: round(ratio),
    goal,
    verdict: goal === null ? "–" : ratio >= goal ? "reached" : "not reached",
  };
}

function rowFile(V) {
  const file = join(directory, `row-${V}`);
  writeFileSync(file, new Uint8Array(rowOf(V).buffer));
  return file;
}

/** Normal logits, standard deviation 2.5. (V) */
function rowOf(V) {
  if (!logits.has(V)) {
    const random = randomStream(`row of ${V}`);
    const normal = () =>
      Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    logits.set(
      V,
      Float32Array.from({ length: V }, () => 2.5 * normal()),
    );
  }
  return logits.get(V);
}
