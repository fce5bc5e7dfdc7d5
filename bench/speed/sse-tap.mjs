// What the tap for event streams costs: microseconds a chunk of one event, against the same stream without reading it.
//
//   node bench/speed/sse-tap.mjs [--json FILE]        needs built packages (pnpm build)
//
// One chunk a token, as engines send them. Streams take turns; goal: at most 30 µs a chunk.
import { sseTap } from "@verdigris/gateway";
import { performance } from "node:perf_hooks";
import { median, report, round } from "./timing.mjs";

const CHUNKS = 2000;
const ROUNDS = 41;
const WARM_UP = 5;
const GOAL = 30;

const encoder = new TextEncoder();
const event = (i) => ({
  id: "chatcmpl-0123456789abcdef",
  object: "chat.completion.chunk",
  created: 1_700_000_000,
  model: "some-model",
  choices: [{ index: 0, delta: { content: ` token${i}` }, logprobs: null, finish_reason: null }],
});
const chunks = Array.from({ length: CHUNKS }, (_, i) =>
  encoder.encode(`data: ${JSON.stringify(event(i))}\n\n`),
);
// The same bytes, cut where a network would: an event ends in the middle of a chunk.
const bytes = Buffer.concat(chunks);
const pieces = Array.from(
  { length: Math.ceil(bytes.length / 1460) },
  (_, i) => new Uint8Array(bytes.subarray(i * 1460, (i + 1) * 1460)),
);

const streams = {
  "passed on, not read": { tap: () => new TransformStream(), parts: chunks },
  "sseTap, one event a chunk": { tap, parts: chunks },
  "sseTap, 1460 bytes a chunk": { tap, parts: pieces },
};

let characters = 0;
function tap() {
  return sseTap({
    part({ deltas }) {
      for (const { text } of deltas) characters += text.length;
    },
  });
}

/** Reads the whole stream; microseconds. */
async function timed({ tap: make, parts }) {
  let i = 0;
  const source = new ReadableStream({
    pull(controller) {
      if (i < parts.length) controller.enqueue(parts[i++]);
      else controller.close();
    },
  });
  const start = performance.now();
  const reader = source.pipeThrough(make()).getReader();
  while (!(await reader.read()).done);
  return (performance.now() - start) * 1000;
}

const times = Object.fromEntries(Object.keys(streams).map((name) => [name, []]));
for (let turn = -WARM_UP; turn < ROUNDS; turn++) {
  for (const [name, stream] of Object.entries(streams)) {
    const microseconds = await timed(stream);
    if (turn >= 0) times[name].push(microseconds);
  }
}
const rows = Object.entries(streams).map(([name, { parts }]) => ({
  stream: name,
  "µs a chunk": round(median(times[name]) / parts.length),
  "µs an event": round(median(times[name]) / CHUNKS),
}));
const [plain, read] = rows;
report("sse-tap", rows, {
  timing: `median of ${ROUNDS} streams of ${CHUNKS} events; streams take turns`,
  readingMicrosecondsAnEvent: round(read["µs an event"] - plain["µs an event"]),
  goalMicrosecondsAChunk: GOAL,
  characters,
});
if (read["µs a chunk"] > GOAL) {
  console.log(`more than the goal of ${GOAL} µs a chunk`);
  process.exitCode = 1;
}
