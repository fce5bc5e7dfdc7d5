/**
 * A study on many machines: a coordinator sends its runs to a queue on PostgreSQL (pg-boss), workers take them, wherever they
 * are, and their results come back as the output of the jobs. A worker that dies loses its job to another one.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { VerdigrisError } from "@verdigris/core";
import type { JobWithMetadata, PgBoss } from "pg-boss";
import type { Crew } from "./crew.js";
import type { PlannedRun, StudyPlan } from "./plan.js";
import type { StudentRun } from "./result.js";
import type { Store } from "../store.js";

/** Where the queue is. */
export interface QueuePlace {
  /** `postgres://…` of the database; a secret. */
  readonly connection: string;
  /** Seconds without a sign of life after which a worker's job goes to another. Default 60, at least 10. */
  readonly heartbeatSeconds?: number;
}

/** Seconds between two looks for results. */
const POLL = 1;

/** Sends runs to the workers of a queue and waits for their results; they write their own texts. */
export async function queueCrew(plan: StudyPlan, store: Store, place: QueuePlace): Promise<Crew> {
  const { boss, queue } = await openQueue(plan, place);
  async function outcome(run: PlannedRun): Promise<StudentRun> {
    const id = jobId(run);
    // A job that is there already, of a coordinator that was killed, stays the one job of this run.
    await boss.send(queue, { run: run.id }, { id });
    for (;;) {
      const [job] = await boss.findJobs(queue, { id });
      if (job?.state === "completed") return resultIn(job);
      if (job === undefined || job.state === "failed" || job.state === "cancelled")
        throw failed(run, job);
      await sleep(POLL * 1000);
    }
  }
  return {
    atOnce: plan.runs.length,
    write: null,
    run: (run) => store.resolve(run.inputs, () => outcome(run)),
    close: () => boss.stop({ graceful: false }),
  };
}

/** How a worker goes about it. */
export interface WorkOptions extends QueuePlace {
  /** Ends the work; the run in hand is finished first. */
  readonly signal: AbortSignal;
  /** Told of each run that is done. */
  readonly onRun?: ((run: PlannedRun) => void) | undefined;
}

/** Does the jobs of one study until told to stop. Jobs of other studies and materials are in other queues. */
export async function workQueue(
  plan: StudyPlan,
  crew: Crew,
  { signal, onRun, ...place }: WorkOptions,
): Promise<void> {
  const runs = new Map(plan.runs.map((run) => [run.id, run]));
  const { boss, queue } = await openQueue(plan, place);
  await boss.work<{ readonly run: string }>(
    queue,
    { batchSize: 1, pollingIntervalSeconds: POLL },
    async ([job]) => {
      const run = runs.get(job.data.run);
      if (run === undefined)
        throw new RangeError(`run: expected one of the study ${plan.digest}, got ${job.data.run}`);
      const result = await crew.run(run);
      onRun?.(run);
      // As text: the database would put an object's fields into an order of its own.
      return { result: JSON.stringify(result) };
    },
  );
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  await boss.stop({ graceful: true });
}

async function openQueue(
  { digest }: StudyPlan,
  { connection, heartbeatSeconds = 60 }: QueuePlace,
): Promise<{ readonly boss: PgBoss; readonly queue: string }> {
  const { PgBoss: Boss } = await loadPgBoss();
  const boss = new Boss(connection);
  // Failures reach the calls they concern; an event that nobody hears would end the process.
  boss.on("error", () => {});
  await boss.start();
  const queue = `verdigris-study-${digest.slice(0, 32)}`;
  await boss.createQueue(queue, { retryLimit: 3, expireInSeconds: 23 * 3600, heartbeatSeconds });
  return { boss, queue };
}

async function loadPgBoss(): Promise<typeof import("pg-boss")> {
  try {
    return await import("pg-boss");
  } catch (cause) {
    throw new VerdigrisError(
      "PEER_MISSING",
      "a queue needs the package pg-boss: npm install pg-boss",
      { cause },
    );
  }
}

/** A run's digest as a UUID: sent twice, it is one job. */
function jobId({ id }: PlannedRun): string {
  return id.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

type Outcome = Pick<JobWithMetadata<unknown>, "state" | "output">;

function resultIn({ output }: Outcome): StudentRun {
  return JSON.parse((output as { readonly result: string }).result) as StudentRun;
}

function failed({ id }: PlannedRun, job: Outcome | undefined): VerdigrisError {
  const why = job === undefined ? "is gone" : `${job.state}: ${JSON.stringify(job.output)}`;
  return new VerdigrisError("JOB_FAILED", `queue: the job of run ${id} ${why}`);
}
