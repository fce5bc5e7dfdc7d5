/** Bodies that tell watchers what passes through them. */

/** Told each piece of a body as it passes, and once how the body ended. Must not throw. */
export interface Watcher {
  piece(bytes: Uint8Array): void;
  /** `cut`: the source broke off or the reader went away. */
  end(how: "complete" | "cut"): void;
}

/** Takes what a source has. */
export interface Sink {
  /** Whether more is wanted before the next `resume`. */
  piece(bytes: Uint8Array): boolean;
  end(): void;
  fail(error: unknown): void;
}

/** What a body comes from; it gives nothing before the first `resume`. */
export interface Source {
  /** The reader waits. What is returned is waited for. */
  resume(): void | Promise<void>;
  /** The reader has gone. */
  cancel(reason: unknown): void | Promise<void>;
}

/** Bytes that may wait for a slow reader. */
const ROOM = 1 << 16;

/**
 * A stream that any number of watchers share: each further one costs a call a piece, where a stream around a stream costs
 * promises and a turn of the event loop's queue. Watchers are told after the reader: what they do delays no piece.
 */
export class WatchedStream extends ReadableStream<Uint8Array> {
  readonly #flow: Flow;

  constructor(open: (sink: Sink) => Source) {
    const flow = new Flow(open);
    super(
      {
        start: (controller) => flow.turn(queued(controller)),
        pull: () => flow.resume(),
        cancel: (reason) => flow.cancel(reason),
      },
      { highWaterMark: 0, size: (bytes) => bytes?.byteLength ?? 0 },
    );
    this.#flow = flow;
  }

  /** Adds a watcher. Nothing may have been read yet. */
  watch(watcher: Watcher): void {
    this.#flow.watch(watcher);
  }

  /**
   * Gives the body to a sink, by calls in place of a reader's promises; nothing comes before the first `resume`.
   * @throws TypeError if it has a reader
   */
  pour(sink: Sink): Source {
    this.getReader();
    this.#flow.turn(sink);
    return this.#flow;
  }
}

/** What waits in a stream's own queue, for its reader. */
function queued(controller: ReadableStreamDefaultController<Uint8Array>): Sink {
  return {
    piece(bytes) {
      controller.enqueue(bytes);
      return (controller.desiredSize ?? 0) > -ROOM;
    },
    end: () => controller.close(),
    fail: (error) => controller.error(error),
  };
}

/** What a source gives goes to one sink, then to the watchers. */
class Flow implements Sink, Source {
  readonly #source: Source;
  readonly #watchers: Watcher[] = [];
  #sink: Sink | null = null;
  #how: "complete" | "cut" | null = null;
  #error: unknown;

  constructor(open: (sink: Sink) => Source) {
    this.#source = open(this);
  }

  /** One that comes too late is told the end, as watchers are. */
  turn(sink: Sink): void {
    this.#sink = sink;
    if (this.#how === "complete") sink.end();
    if (this.#how === "cut") sink.fail(this.#error);
  }

  /** One that comes too late is told the end. */
  watch(watcher: Watcher): void {
    const how = this.#how;
    if (how === null) this.#watchers.push(watcher);
    else afterwards(() => watcher.end(how));
  }

  piece(bytes: Uint8Array): boolean {
    if (this.#how !== null) return false;
    const isWanted = this.#sink?.piece(bytes) ?? false;
    afterwards(() => {
      for (const watcher of this.#watchers) watcher.piece(bytes);
    });
    return isWanted;
  }

  end(): void {
    if (this.#how !== null) return;
    this.#sink?.end();
    this.#settle("complete");
  }

  fail(error: unknown): void {
    if (this.#how !== null) return;
    this.#error = error;
    this.#sink?.fail(error);
    this.#settle("cut");
  }

  resume(): void | Promise<void> {
    if (this.#how === null) return this.#source.resume();
  }

  cancel(reason: unknown): void | Promise<void> {
    if (this.#how !== null) return;
    this.#settle("cut");
    return this.#source.cancel(reason);
  }

  #settle(how: "complete" | "cut"): void {
    this.#how = how;
    afterwards(() => {
      for (const watcher of this.#watchers.splice(0)) watcher.end(how);
    });
  }
}

/** Does it once the connection's writes of this turn are done: Node's servers make them before its microtasks. */
function afterwards(work: () => void): void {
  void Promise.resolve().then(work);
}

/** The body with a watcher: the same one if it can tell, else one around it. */
export function watched(body: ReadableStream<Uint8Array>, watcher: Watcher): WatchedStream {
  const stream = body instanceof WatchedStream ? body : around(body);
  stream.watch(watcher);
  return stream;
}

function around(body: ReadableStream<Uint8Array>): WatchedStream {
  const reader = body.getReader();
  return new WatchedStream((sink) => ({
    async resume() {
      try {
        for (let isWanted = true; isWanted;) {
          const { done, value } = await reader.read();
          isWanted = !done && sink.piece(value);
          if (done) sink.end();
        }
      } catch (error) {
        sink.fail(error);
      }
    },
    // It may have broken off in the meantime.
    cancel: (reason) => reader.cancel(reason).catch(() => {}),
  }));
}
