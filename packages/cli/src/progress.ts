import type { Progress } from "@verdigris/survival";
import cliProgress from "cli-progress";
import { type Io, isTerminal, tell } from "./io.js";

/** Shows how far a run is. */
export interface ProgressDisplay {
  readonly update: (progress: Progress) => void;
  readonly stop: () => void;
}

/** A bar on standard error if it is a terminal, else one line per finished step. */
export function startProgress(io: Io): ProgressDisplay {
  return isTerminal(io.stderr) ? bar(io) : lines(io);
}

function bar(io: Io): ProgressDisplay {
  const shown = new cliProgress.SingleBar({
    stream: io.stderr,
    format: "{bar} {value}/{total} {label}",
    hideCursor: true,
    clearOnComplete: true,
  });
  let started = false;
  return {
    update({ done, total, label }: Progress): void {
      if (!started) shown.start(total, done, { label });
      started = true;
      shown.update(done, { label });
    },
    stop: () => shown.stop(),
  };
}

function lines(io: Io): ProgressDisplay {
  let last = 0;
  return {
    update({ done, total, label }: Progress): void {
      if (done > last) tell(io, `${done}/${total} ${label}`);
      last = done;
    },
    stop: () => {},
  };
}
