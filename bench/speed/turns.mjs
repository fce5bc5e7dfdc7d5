// How long a thread's event loop is held up, turn by turn: what a stream that waits for its turn would see.
import { openSync, readSync } from "node:fs";

/**
 * Starts to time turns of this thread's event loop; `stop()` gives their lengths in ms, the longest first. Of each turn is taken off
 * what the thread waited for a processor, where Linux tells it: another process's work is no stall of ours. The loop never rests
 * meanwhile, so processor time says nothing.
 */
export function timedTurns() {
  const [turns, waited] = [[], waiting()];
  let [isDone, from, before] = [false, performance.now(), waited()];
  const next = () => {
    const [now, wait] = [performance.now(), waited()];
    turns.push(now - from - (wait - before));
    [from, before] = [performance.now(), wait];
    if (!isDone) setImmediate(next);
  };
  setImmediate(next);
  return {
    stop: () => {
      isDone = true;
      return turns.toSorted((a, b) => b - a);
    },
  };
}

/** Milliseconds for which this thread was ready to run and did not. */
function waiting() {
  const buffer = Buffer.alloc(64);
  try {
    const file = openSync("/proc/thread-self/schedstat", "r");
    return () => {
      const length = readSync(file, buffer, 0, 64, 0);
      return Number(buffer.toString("latin1", 0, length).split(" ")[1]) / 1e6;
    };
  } catch {
    return () => 0;
  }
}
