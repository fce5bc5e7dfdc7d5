/** Streams whose output is their input, byte for byte, while an observer is told what they carry. */
import { createParser } from "eventsource-parser";
import { type AnswerPart, readAnswer } from "./answer.js";
import type { Watcher } from "./watched.js";

/** Why something that passed was not read. The bytes are untouched all the same. */
export type Unread =
  /** The data of an event, or the answer, is no JSON. */
  | "json"
  /** An event, or the answer, is longer than the limit: nothing after it is read. */
  | "too-long"
  /** The observer threw: it is told nothing more. */
  | "observer";

/** Watches an answer pass. What it throws stays here. */
export interface AnswerObserver {
  part(part: AnswerPart): void;
  unread?(why: Unread): void;
  /** Called once. `cut`: the upstream broke off or the reader went away, before `[DONE]`. */
  end?(how: "complete" | "cut"): void;
}

/** What a tap keeps at most. */
export interface TapOptions {
  /** Longest event of a stream, or longest whole answer, in UTF-16 code units. Default 1,048,576 and 16,777,216. */
  readonly longest?: number;
}

/** The stream form of every tap. */
export type Tap = TransformStream<Uint8Array, Uint8Array>;

/**
 * A tap for server-sent events of the OpenAI and TGI kinds: comments, pings, `[DONE]`, events of other kinds and broken
 * ones pass like the rest. Bytes that are no UTF-8 pass as they are and are read as U+FFFD, as a client would read them.
 */
export function sseTap(observer: AnswerObserver, options: TapOptions = {}): Tap {
  return through(sseWatcher(observer, options));
}

/** A tap for an answer that is one JSON value. */
export function jsonTap(observer: AnswerObserver, options: TapOptions = {}): Tap {
  return through(jsonWatcher(observer, options));
}

/** What `sseTap` does, for a body that tells its watchers. */
export function sseWatcher(observer: AnswerObserver, options: TapOptions = {}): Watcher {
  const guarded = new Guarded(observer);
  const parser = createParser({
    maxBufferSize: options.longest ?? 1 << 20,
    onEvent: ({ data }) => {
      if (data === "[DONE]") guarded.done();
      else guarded.read(data);
    },
    onError: ({ type }) => {
      if (type === "max-buffer-size-exceeded") guarded.stop("too-long");
    },
  });
  return watching(guarded, {
    text: (text) => parser.feed(text),
    // Clients read a last event whose blank line is missing, so we do.
    last: () => parser.feed("\n\n"),
  });
}

/** What `jsonTap` does, for a body that tells its watchers. */
export function jsonWatcher(observer: AnswerObserver, options: TapOptions = {}): Watcher {
  const guarded = new Guarded(observer);
  const longest = options.longest ?? 1 << 24;
  let [pieces, length]: [string[], number] = [[], 0];
  return watching(guarded, {
    text(piece) {
      pieces.push(piece);
      length += piece.length;
      if (length <= longest) return;
      pieces = [];
      guarded.stop("too-long");
    },
    last: () => guarded.read(pieces.join("")),
  });
}

interface Reader {
  text(text: string): void;
  /** Nothing follows. */
  last(): void;
}

function watching(observer: Guarded, reader: Reader): Watcher {
  const decoder = new TextDecoder();
  const read = (text: string): void => {
    if (text !== "" && observer.listens) reader.text(text);
  };
  return {
    piece(bytes) {
      if (observer.listens) read(decoder.decode(bytes, { stream: true }));
    },
    end(how) {
      if (how === "complete") {
        read(decoder.decode());
        if (observer.listens) reader.last();
      }
      observer.end(how);
    },
  };
}

function through(watcher: Watcher): Tap {
  return new TransformStream({
    transform(piece, controller) {
      controller.enqueue(piece);
      watcher.piece(piece);
    },
    flush: () => watcher.end("complete"),
    cancel: () => watcher.end("cut"),
  });
}

/** An observer that cannot disturb the stream. */
class Guarded {
  readonly #observer: AnswerObserver;
  #listens = true;
  #isDone = false;

  constructor(observer: AnswerObserver) {
    this.#observer = observer;
  }

  get listens(): boolean {
    return this.#listens;
  }

  read(json: string): void {
    if (!this.#listens) return;
    let value: unknown;
    try {
      value = JSON.parse(json);
    } catch {
      this.#tell(() => this.#observer.unread?.("json"));
      return;
    }
    this.#tell(() => this.#observer.part(readAnswer(value)));
  }

  stop(why: Unread): void {
    this.#listens = false;
    this.#tell(() => this.#observer.unread?.(why));
  }

  /** Clients leave at `[DONE]`, before the stream has ended. */
  done(): void {
    this.#isDone = true;
  }

  end(how: "complete" | "cut"): void {
    this.#tell(() => this.#observer.end?.(this.#isDone ? "complete" : how));
  }

  #tell(say: () => void): void {
    try {
      say();
    } catch {
      if (this.#listens) this.stop("observer");
    }
  }
}
