/** Answers being written and waiting to be: no more than the model takes, and a bounded number behind them. */
import PQueue from "p-queue";
import type { Cut, Job } from "../answers/responses.js";

/** Runs jobs in turn. */
export class Jobs {
  readonly #queue: PQueue;
  readonly #waiting: number;
  readonly #cuts = new Set<AbortController>();
  #closed = false;

  /** At most `running` at once and `waiting` behind them. */
  constructor(running: number, waiting: number) {
    this.#queue = new PQueue({ concurrency: running });
    this.#waiting = waiting;
  }

  /** Whether nothing more is taken on. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Jobs running and waiting now. */
  get load(): { readonly running: number; readonly waiting: number } {
    return { running: this.#queue.pending, waiting: this.#queue.size };
  }

  /** Whether one more would have to wait behind too many. */
  get isFull(): boolean {
    const { running, waiting } = this.load;
    return running >= this.#queue.concurrency && waiting >= this.#waiting;
  }

  /** Runs a job in its turn; the value says whether it was cut. @throws what the job throws */
  async run(job: Job, left: AbortSignal): Promise<Cut | null> {
    const cut = new AbortController();
    const leave = (): void => cut.abort();
    left.addEventListener("abort", leave);
    if (left.aborted) leave();
    this.#cuts.add(cut);
    const { signal } = cut;
    try {
      await this.#queue.add(() => job(signal), { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      left.removeEventListener("abort", leave);
      this.#cuts.delete(cut);
    }
    if (!signal.aborted) return null;
    return left.aborted ? "left" : "stopping";
  }

  /** Takes on nothing more; resolves when all is done, or cut when `cut` is aborted. */
  async close(cut: AbortSignal): Promise<void> {
    this.#closed = true;
    const all = (): void => {
      for (const one of this.#cuts) one.abort();
    };
    cut.addEventListener("abort", all, { once: true });
    if (cut.aborted) all();
    await this.#queue.onIdle();
    cut.removeEventListener("abort", all);
  }
}
