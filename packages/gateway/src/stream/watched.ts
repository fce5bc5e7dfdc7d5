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
 * promises and a turn of the event loop's queue.
 */
export class WatchedStream extends ReadableStream<Uint8Array> {
  readonly #watchers: Watchers;

  constructor(open: (sink: Sink) => Source) {
    const watchers = new Watchers();
    let source: Source;
    super(
      {
        start(controller) {
          source = open({
            piece(bytes) {
              if (watchers.haveEnded) return false;
              controller.enqueue(bytes);
              watchers.piece(bytes);
              return (controller.desiredSize ?? 0) > -ROOM;
            },
            end() {
              if (watchers.haveEnded) return;
              watchers.end("complete");
              controller.close();
            },
            fail(error) {
              watchers.end("cut");
              controller.error(error);
            },
          });
        },
        pull: () => source.resume(),
        cancel(reason) {
          watchers.end("cut");
          return source.cancel(reason);
        },
      },
      { highWaterMark: 0, size: (bytes) => bytes?.byteLength ?? 0 },
    );
    this.#watchers = watchers;
  }

  /** Adds a watcher. Nothing may have been read yet. */
  watch(watcher: Watcher): void {
    this.#watchers.add(watcher);
  }
}

class Watchers {
  readonly #all: Watcher[] = [];
  #how: "complete" | "cut" | null = null;

  get haveEnded(): boolean {
    return this.#how !== null;
  }

  /** One that comes too late is told the end. */
  add(watcher: Watcher): void {
    if (this.#how === null) this.#all.push(watcher);
    else watcher.end(this.#how);
  }

  piece(bytes: Uint8Array): void {
    for (const watcher of this.#all) watcher.piece(bytes);
  }

  end(how: "complete" | "cut"): void {
    this.#how ??= how;
    for (const watcher of this.#all.splice(0)) watcher.end(how);
  }
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
        const { done, value } = await reader.read();
        if (done) sink.end();
        else sink.piece(value);
      } catch (error) {
        sink.fail(error);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }));
}
