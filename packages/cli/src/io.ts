import { isAbsolute, relative, resolve } from "node:path";
import type { Writable } from "node:stream";
import { findFiles } from "@verdigris/text";
import type { LlamaLanguageModel, LlamaOptions } from "@verdigris/watermark/node-llama-cpp";

/** All a command touches of the world besides files; tests hand over their own. */
export interface Io {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where relative paths start. */
  readonly cwd: string;
  /** Opens a language model. */
  readonly openModel: (options: LlamaOptions) => Promise<LlamaLanguageModel>;
  /** Resolves when this process is asked to end; asked a second time, it ends. */
  readonly stopped: () => Promise<void>;
}

/** The world of this process. */
export function processIo(): Io {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    // Loaded on demand: the engine is an optional peer dependency, and only one command needs it.
    async openModel(options: LlamaOptions): Promise<LlamaLanguageModel> {
      const { openLlama } = await import("@verdigris/watermark/node-llama-cpp");
      return openLlama(options);
    },
    stopped: () =>
      new Promise((stop) => {
        for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop());
      }),
  };
}

/** `path` as this process finds it; a relative one starts at `io.cwd`. */
export function locate(io: Io, path: string): string {
  return isAbsolute(path) ? path : relative("", resolve(io.cwd, path)) || ".";
}

/** The files that arguments stand for: files, directories, patterns, or "-" for standard input. */
export async function locateInputs(io: Io, inputs: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(inputs.map((input) => findFiles(input, io.cwd)));
  return found.flat().map((path) => (path === "-" ? path : locate(io, path)));
}

/** Writes to standard output and waits until it is taken. @throws the stream's error, such as EPIPE */
export function print(io: Io, text: string): Promise<void> {
  return new Promise((done, failed) => {
    io.stdout.write(text, (error) => (error ? failed(error) : done()));
  });
}

/** Characters that are written at once. */
const BLOCK = 1 << 16;

/** Prints pieces of text, a block at a time. */
export async function printAll(io: Io, pieces: Iterable<string>): Promise<void> {
  let block = "";
  for (const piece of pieces) {
    block += piece;
    if (block.length < BLOCK) continue;
    await print(io, block);
    block = "";
  }
  if (block !== "") await print(io, block);
}

/** Tells the user something on standard error; that nobody listens is no failure. */
export function tell(io: Io, text: string): void {
  io.stderr.write(`${text}\n`, () => {});
}

/** Whether a stream is a terminal. */
export function isTerminal(stream: Writable): boolean {
  return "isTTY" in stream && stream.isTTY === true;
}
