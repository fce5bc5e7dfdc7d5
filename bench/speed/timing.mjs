// What every speed benchmark shares: interleaved timing with medians, and a report that names the machine.
import { writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { performance } from "node:perf_hooks";

/** Everything a task returns goes here, so that no work can be optimised away. */
let sink = 0;

/**
 * Microseconds per run of each task. A task is a function, or a list of steps that make up one run. Each step is
 * timed alone and its median over `rounds` taken, then the steps are summed: steps below a scheduler's time slice
 * keep the figures honest on a busy machine. Tasks take turns within a round, so a slow spell hits them alike.
 */
export function interleaved(tasks, { rounds = 201, calls = 1, warmUp = 20 } = {}) {
  const runs = Object.entries(tasks).map(([name, task]) => {
    const steps = Array.isArray(task) ? task : [task];
    return { name, steps, times: steps.map(() => []) };
  });
  for (let turn = -warmUp; turn < rounds; turn++) {
    for (const { steps, times } of runs) {
      for (let s = 0; s < steps.length; s++) {
        const start = performance.now();
        for (let i = 0; i < calls; i++) sink += Number(steps[s]());
        if (turn >= 0) times[s].push(((performance.now() - start) * 1000) / calls);
      }
    }
  }
  const total = (times) => times.reduce((sum, step) => sum + median(step), 0);
  return Object.fromEntries(runs.map(({ name, times }) => [name, total(times)]));
}

/** Processor seconds of this process during one call, and the wall clock's: on a busy machine they differ. */
export function cpuSeconds(work) {
  const [start, before] = [performance.now(), process.cpuUsage()];
  sink += Number(work());
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / 1e6, wall: (performance.now() - start) / 1000 };
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * What the first of two measures that belong together pair by pair takes more than the second, in percent: the geometric mean of
 * the ratios with its 95 % interval, Student's t by its expansion about the normal law (three terms, for 5 pairs and more).
 */
export function pairedPercent(values, others) {
  const logs = values.map((value, i) => Math.log(value / others[i]));
  const [n, z] = [logs.length, 1.959964];
  const mean = logs.reduce((sum, one) => sum + one, 0) / n;
  const variance = logs.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(1, n - 1);
  const df = Math.max(1, n - 1);
  const t = z + (z ** 3 + z) / (4 * df) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * df ** 2);
  const half = n < 2 ? Infinity : t * Math.sqrt(variance / n);
  const [percent, lower, upper] = [mean, mean - half, mean + half].map((x) => 100 * Math.expm1(x));
  return { percent, lower, upper };
}

/** Prints `rows` as a table; `--json FILE` also writes them with the machine, load and versions. */
export function report(name, rows, notes = {}) {
  console.table(rows);
  const at = process.argv.indexOf("--json");
  if (at < 0) return;
  const machine = {
    cpu: cpus()[0].model,
    cores: availableParallelism(),
    loadAverage: loadavg().map((load) => Number(load.toFixed(2))),
    node: process.version,
  };
  const content = { name, machine, ...notes, rows, consumed: sink };
  writeFileSync(process.argv[at + 1], `${JSON.stringify(content, null, 2)}\n`);
}

export function round(value, digits = 2) {
  return Number(value.toPrecision(digits + 1));
}
