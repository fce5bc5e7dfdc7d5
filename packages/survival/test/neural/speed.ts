/**
 * Training and sampling speed of the neural student, one thread. From the root, after `tsc -b packages/survival`:
 *
 *     node packages/survival/test/neural/speed.ts 2048,128,2,4,64,16 2048,64,2,4,32,32
 *
 * Each argument: V,d,layers,heads,T,B. Prints one JSON line per configuration, with the load average:
 * on a busy machine tokens per second of processor time say more than those per second.
 */
import { loadavg } from "node:os";
import { createNeuralModel } from "../../dist/neural/index.js";

const WARM_UP = 5;
const STEPS = 40;

/** xorshift32: inputs need no quality, only a fixed sequence. */
function generator(seed: number): { next(): number } {
  let state = seed;
  return {
    next: () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) / 2 ** 32;
    },
  };
}

interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Mean cost of one call over `n` calls. */
async function timed(n: number, job: () => Promise<unknown>): Promise<Cost> {
  const cpu = process.cpuUsage();
  const from = performance.now();
  for (let i = 0; i < n; i++) await job();
  const wallMs = (performance.now() - from) / n;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1000 / n };
}

async function measure(text: string): Promise<object> {
  const [vocabularySize, width, layers, heads, contextLength, batch] = text.split(",").map(Number);
  const random = generator(1);
  const shape = { vocabularySize, width, layers, heads, contextLength };
  const model = await createNeuralModel({ ...shape, batch }, random);
  const ids = (n: number): Int32Array =>
    Int32Array.from({ length: n }, () => Math.floor(random.next() * vocabularySize));
  const tokens = ids(batch * (contextLength + 1));
  for (let i = 0; i < WARM_UP; i++) await model.step(tokens);
  const step = await timed(STEPS, () => model.step(tokens));
  const contexts = Array.from({ length: 64 }, () => ids(contextLength));
  await model.logits(contexts);
  const row = await timed(10, () => model.logits(contexts));
  const { parameterCount } = model;
  await model.dispose();
  return {
    ...shape,
    batch,
    parameterCount,
    stepMs: Math.round(step.wallMs * 10) / 10,
    trainTokensPerSecond: Math.round((1000 * batch * contextLength) / step.wallMs),
    trainTokensPerCpuSecond: Math.round((1000 * batch * contextLength) / step.cpuMs),
    sampledTokensPerSecond: Math.round((1000 * contexts.length) / row.wallMs),
    sampledTokensPerCpuSecond: Math.round((1000 * contexts.length) / row.cpuMs),
    load: loadavg()[0],
  };
}

for (const text of process.argv.slice(2)) {
  process.stdout.write(`${JSON.stringify(await measure(text))}\n`);
}
