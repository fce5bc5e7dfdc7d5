import { join } from "node:path";
import { VerdigrisError } from "@verdigris/core";
import { inFile } from "@verdigris/text";
import { readJsonFile } from "../../files.js";
import { type Io, locate, tell } from "../../io.js";
import { loadMaterialOf } from "./material.js";
import type { SurviveOptions } from "./options.js";

/** The environment variable with the queue's database: a secret, so never an argument. */
const VARIABLE = "VERDIGRIS_QUEUE";

/** Where the queue is. @throws VerdigrisError CONFIG_INVALID if the environment does not say */
export function queuePlace(io: Io): { readonly connection: string } {
  const connection = io.env[VARIABLE];
  if (connection !== undefined && connection !== "") return { connection };
  throw new VerdigrisError(
    "CONFIG_INVALID",
    `${VARIABLE}: expected postgres://… of the queue's database in the environment, got nothing`,
  );
}

/** Trains students that a coordinator sent to the queue, until the process is asked to end. */
export async function workForQueue(io: Io, path: string, options: SurviveOptions): Promise<void> {
  const { connection } = queuePlace(io);
  const { parseStudy, workOnStudy } = await import("@verdigris/survival");
  const value = await readJsonFile(path);
  const study = inFile(path, () => parseStudy(value));
  const material = await loadMaterialOf(io, study, path);
  const { out, cache } = options;
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.once("SIGTERM", stop).once("SIGINT", stop);
  try {
    tell(io, `waiting for students of ${study.name}; ends with the one in hand when interrupted`);
    await workOnStudy(study, material, {
      connection,
      directory: cache === undefined ? join(locate(io, out), "cache") : locate(io, cache),
      signal: controller.signal,
      onRun: ({ order: { key, seed }, cell }) =>
        tell(io, `done: ${JSON.stringify(cell.changes)}, key ${key}, seed ${seed}`),
      onCorrupt: (entry) =>
        tell(io, `warning: ${entry} is not what was written there; it is computed again`),
    });
  } finally {
    process.off("SIGTERM", stop).off("SIGINT", stop);
  }
}
