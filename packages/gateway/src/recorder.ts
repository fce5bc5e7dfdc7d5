/** Writing records, open or closed. */
import { RequestError, tell } from "./errors.js";
import type { Ended, RecordSink, Started } from "./record.js";

/** How a gateway records. */
export interface RecordOptions {
  readonly sink: RecordSink;
  /**
   * If no policy can be chosen or the start of an answer cannot be recorded: `open` lets the request pass and reports
   * it, `closed` answers 503. The end of an answer comes too late to refuse it; its loss is reported in either case.
   */
  readonly failure: "open" | "closed";
  /** A new record's id: 1 to 128 letters, digits and `._-`. */
  readonly newId: () => string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Told what went wrong without the client seeing it. */
  readonly onError?: (error: unknown) => void;
}

/** Records one answer after another. */
export class Recorder {
  readonly #options: RecordOptions;

  constructor(options: RecordOptions) {
    this.#options = options;
  }

  /** Records a start; waits for it only where its loss must stop the answer. @throws RequestError then */
  async begin(entry: Omit<Started, "kind" | "record" | "at">): Promise<Started> {
    const { newId, now, failure, sink } = this.#options;
    const record = checkName("newId()", newId());
    const start: Started = { kind: "started", record, at: now(), ...entry };
    if (failure === "open") void this.#write(start);
    else {
      try {
        await sink.write(start);
      } catch (error) {
        this.fail(error);
      }
    }
    return start;
  }

  /** Records the end of an answer. */
  end({ record }: Started, entry: Omit<Ended, "kind" | "record" | "at">): void {
    void this.#write({ kind: "ended", record, at: this.#options.now(), ...entry });
  }

  /** Reports a failure. @throws RequestError if the gateway fails closed; it says nothing of the cause */
  fail(error: unknown): void {
    tell(this.#options.onError, error);
    if (this.#options.failure === "open") return;
    throw new RequestError({
      status: 503,
      message: "the answer cannot be marked and recorded now; try again later",
      type: "api_error",
      code: "watermark_unavailable",
    });
  }

  async #write(entry: Started | Ended): Promise<void> {
    try {
      await this.#options.sink.write(entry);
    } catch (error) {
      tell(this.#options.onError, error);
    }
  }
}

/** What goes into a header must not be able to end it. @throws RangeError */
export function checkName(name: string, value: string): string {
  if (/^[\w.-]{1,128}$/.test(value)) return value;
  const shown = JSON.stringify(value).slice(0, 80);
  throw new RangeError(`${name}: expected 1 to 128 letters, digits and ._-, got ${shown}`);
}
