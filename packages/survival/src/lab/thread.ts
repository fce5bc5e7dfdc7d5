/** What a thread of `threadCrew` runs. */
import { workerData } from "node:worker_threads";
import { type Step, type StepResult, type ThreadOptions, soloCrew } from "./crew.js";
import { unpacked } from "./material.js";

type Doing = (task: Step) => Promise<StepResult>;

async function doing({ study, material, directory }: ThreadOptions): Promise<Doing> {
  const corrupt: string[] = [];
  const crew = soloCrew(study, await unpacked(material), {
    directory,
    onCorrupt: (path) => corrupt.push(path),
  });
  return async (task) => {
    if (task.kind === "write") await crew.write?.(task.order);
    const result = task.kind === "run" ? await crew.run(task.run) : null;
    return { result, corrupt: corrupt.splice(0) };
  };
}

/** Does one step of the study. The pool's own data come first. */
export const step: Doing = await doing((workerData as readonly [unknown, ThreadOptions])[1]);
