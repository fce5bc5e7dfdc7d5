// Detection token by token: nanoseconds a token after 10^3 … 10^6 tokens, and memory, against the whole text at once.
//
//   node bench/speed/stream.mjs [--json FILE]        needs built packages (pnpm build)
//
// The streams of one mark, each fed another number of tokens, take turns in blocks, in a process of their own.
import { Key, bindScheme, createKernel, parseProfile } from "@verdigris/core";
import { DetectionStream, SoftMassProcess, Tally } from "@verdigris/detector";
import { randomTokens } from "@verdigris/core/testing";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { profileOf } from "./profiles.mjs";
import { median, report, round } from "./timing.mjs";

const KEY = Key.fromBytes(new Uint8Array(32).fill(7));
const V = 49_152;
const LENGTHS = [1e3, 1e4, 1e5, 1e6];
const BLOCK = 250;
const ROUNDS = 120;
const WARM_UP = 40;

const kernel = createKernel();
const green = profileOf({ V, gamma: 0.25, h: 2, seeding: "left" });
const file = new URL("../../fixtures/profiles/synthid-hf.json", import.meta.url);
const synthId = { ...parseProfile(JSON.parse(readFileSync(file, "utf8"))), V };
const text = randomTokens(LENGTHS.at(-1), V, 3);
const next = randomTokens((ROUNDS + WARM_UP) * BLOCK, V, 4);

const subjects = {
  "green list, h = 2": () => new DetectionStream(green, KEY, { kernel }),
  "green list, memory of 10^4 coins": () =>
    new DetectionStream(green, KEY, { kernel, memory: 1e4 }),
  "SynthID, 30 layers": () => new DetectionStream(synthId, KEY, { kernel }),
  "soft masses": () => {
    const masses = new SoftMassProcess(0.25);
    return {
      push: (token) => masses.push(token / V / 2),
      state: () => ({ count: masses.state() }),
    };
  },
};

async function megabytes() {
  // Buffers are freed after the collection that found them.
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await setTimeout(20);
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 2 ** 20;
}

async function measure(name) {
  const streams = [];
  for (const length of LENGTHS) {
    const before = await megabytes();
    const stream = subjects[name]();
    for (let i = 0; i < length; i++) stream.push(text[i]);
    const { n } = stream.state().count;
    streams.push({ stream, length, n, memory: (await megabytes()) - before, times: [] });
  }
  for (let turn = 0; turn < WARM_UP + ROUNDS; turn++) {
    for (const { stream, times } of streams) {
      const start = performance.now();
      for (let i = 0; i < BLOCK; i++) stream.push(next[turn * BLOCK + i]);
      if (turn >= WARM_UP) times.push(((performance.now() - start) * 1e6) / BLOCK);
    }
  }
  return streams.map(({ length, n, memory, times }) => ({
    stream: name,
    "after tokens": length,
    "ns a token": round(median(times)),
    "of the time after 10^3": round(median(times) / median(streams[0].times)),
    "memory MB": round(memory),
    "scored share": round(n / length, 3),
  }));
}

const only = process.argv.indexOf("--only");
if (only >= 0) console.log(JSON.stringify(await measure(process.argv[only + 1])));
else {
  const rows = Object.keys(subjects).flatMap((name) => {
    const options = ["--expose-gc", fileURLToPath(import.meta.url), "--only", name];
    return JSON.parse(execFileSync(process.execPath, options, { encoding: "utf8" }));
  });
  const tally = new Tally(bindScheme(green, KEY, kernel));
  const start = performance.now();
  tally.add({ tokens: text });
  report("stream", rows, {
    text: "random tokens: every coin is new, the worst case for memory (SynthID's state has 16 bits, so its coins run out)",
    wholeTextNsAToken: round(performance.now() - start),
    timing: `median of ${ROUNDS} blocks of ${BLOCK} tokens; lengths take turns`,
  });
}
