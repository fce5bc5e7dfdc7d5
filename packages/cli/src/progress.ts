import type { Progress } from "@verdigris/survival";
import cliProgress from "cli-progress";
import { type Io, isTerminal, tell } from "./io.js";

/** Shows how far a run is. */
export interface ProgressDisplay {
  readonly update: (progress: Progress) => void;
  readonly stop: () => void;
}

/** A bar on standard error if it is a terminal, else one line per finished step; both with the time left. */
export function startProgress(io: Io): ProgressDisplay {
  return isTerminal(io.stderr) ? bar(io) : lines(io);
}

function bar(io: Io): ProgressDisplay {
  const shown = new cliProgress.SingleBar({
    stream: io.stderr,
    format: "{bar} {value}/{total} {label}{left}",
    hideCursor: true,
    clearOnComplete: true,
  });
  const timeLeft = timer(Date.now);
  let started = false;
  return {
    update(progress: Progress): void {
      const { done, total, label } = progress;
      const left = timeLeft(progress);
      if (!started) shown.start(total, done, { label, left });
      started = true;
      shown.update(done, { label, left });
    },
    stop: () => shown.stop(),
  };
}

function lines(io: Io): ProgressDisplay {
  const timeLeft = timer(Date.now);
  let last = 0;
  return {
    update(progress: Progress): void {
      const { done, total, label } = progress;
      const left = timeLeft(progress);
      if (done > last) tell(io, `${done}/${total} ${label}${left}`);
      last = done;
    },
    stop: () => {},
  };
}

/** Seconds of work before its pace says anything. */
const ENOUGH = 10;

/**
 * Says how long a run will take still, from its pace since it was first asked: what was done before then took no time.
 * Empty while there is too little to tell from. `now` in milliseconds.
 */
export function timer(now: () => number): (progress: Progress) => string {
  let begun: { readonly at: number; readonly done: number } | null = null;
  return ({ done, total }) => {
    begun ??= { at: now(), done };
    const seconds = (now() - begun.at) / 1000;
    if (done === begun.done || done === total || seconds < ENOUGH) return "";
    const left = (seconds / (done - begun.done)) * (total - done);
    return left < 90 ? `, ${Math.ceil(left)} s left` : `, ${Math.ceil(left / 60)} min left`;
  };
}
