// Training speed of the neural student on one core, and beside PyTorch's on the same model, weights and batches:
//   node bench/speed/neural.mjs [--torch PYTHON] [--only NAME] [--rounds N] [--json FILE]
// PYTHON: an interpreter with bench/peers/neural/requirements.txt. Both sides take turns, a few steps each; medians of a
// step's processor time, since a busy machine stretches the wall clock. Their losses are compared step by step.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { randomStream } from "@verdigris/survival";
import { createNeuralModel } from "../../packages/survival/dist/neural/index.js";
import { median, report, round } from "./timing.mjs";

const CONFIGS = {
  A: { vocabularySize: 2048, width: 128, layers: 2, heads: 4, contextLength: 64, batch: 16 },
  B: { vocabularySize: 4096, width: 256, layers: 2, heads: 4, contextLength: 64, batch: 16 },
  student: { vocabularySize: 2048, width: 64, layers: 1, heads: 4, contextLength: 16, batch: 32 },
};
const LEARNING_RATE = 0.003;
const TURN = 4;
const WARM_UP = 2;
const BATCHES = 16;
const option = (name, usual) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? usual : process.argv[at + 1];
};
const rounds = Number(option("--rounds", 15));
const directory = mkdtempSync(join(tmpdir(), "neural-speed-"));
const torch = option("--torch") === undefined ? null : torchProcess(option("--torch"));
const rows = [];
let versions = {};
for (const [name, config] of Object.entries(CONFIGS)) {
  if (option("--only", name) === name) rows.push(await measure(name, config));
}
torch?.end();
rmSync(directory, { recursive: true });
report("neural", rows, {
  versions,
  rounds,
  rule: "medians of a step's processor time, both sides in turns, one thread each",
});

async function measure(name, { batch, ...shape }) {
  const model = await createNeuralModel({ ...shape, batch }, randomStream("speed", "weights"));
  const random = randomStream("speed", "tokens");
  const length = batch * (shape.contextLength + 1);
  // Skewed to low ids, as text is.
  const tokens = Int32Array.from(
    { length: BATCHES * length },
    () => shape.vocabularySize * random.next() ** 3,
  );
  const request = { shape, batch, learningRate: LEARNING_RATE };
  if (torch !== null) versions = await torch.ask({ ...request, ...(await files(model, tokens)) });
  const own = { losses: [], cpu: [], wall: [] };
  const theirs = { losses: [], cpu: [], wall: [] };
  let at = 0;
  for (let turn = -WARM_UP; turn < rounds; turn++) {
    for (let i = 0; i < TURN; i++, at++) {
      const offset = (at % BATCHES) * length;
      const step = tokens.subarray(offset, offset + length);
      const [cpu, wall] = [process.cpuUsage(), performance.now()];
      own.losses.push(await model.step(step, { learningRate: LEARNING_RATE }));
      const { user, system } = process.cpuUsage(cpu);
      own.cpu.push((user + system) / 1e6);
      own.wall.push((performance.now() - wall) / 1000);
    }
    const answer = await torch?.ask({ steps: TURN });
    for (const list of Object.keys(theirs)) theirs[list].push(...(answer?.[list] ?? []));
  }
  const warm = (values) => median(values.slice(WARM_UP * TURN));
  const speed = (values) => Math.round((batch * shape.contextLength) / warm(values));
  const row = {
    config: name,
    parameters: model.parameterCount,
    cpuTokensPerSecond: speed(own.cpu),
    tokensPerSecond: speed(own.wall),
  };
  await model.dispose();
  if (torch === null) return row;
  return {
    ...row,
    torchCpuTokensPerSecond: speed(theirs.cpu),
    torchTokensPerSecond: speed(theirs.wall),
    ratio: round(warm(theirs.cpu) / warm(own.cpu)),
    largestLossDifference: round(largestDifference(own.losses, theirs.losses)),
  };
}

function largestDifference(a, b) {
  return Math.max(...a.map((value, i) => Math.abs(value - b[i])));
}

async function files(model, tokens) {
  const written = { parameters: join(directory, "parameters"), tokens: join(directory, "tokens") };
  writeFileSync(written.parameters, await model.parameters());
  writeFileSync(written.tokens, tokens);
  return written;
}

/** The PyTorch twin, one request at a time. */
function torchProcess(python) {
  const script = fileURLToPath(new URL("../peers/neural/neural_torch.py", import.meta.url));
  const child = spawn(python, [script], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1" },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error("the PyTorch twin ended");
      return JSON.parse(value);
    },
    end: () => child.stdin.end(),
  };
}
