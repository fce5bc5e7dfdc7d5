import type { Tokens } from "@verdigris/core";
import type { TrafficSource } from "@verdigris/survival";
import type { ReadProblem } from "@verdigris/text";
import { type Io, locateInputs, tell } from "../../io.js";
import { type TextReading, readPieces } from "../../pieces.js";

/** Files by what they say of a deployment. */
interface TrafficFiles {
  readonly log: readonly string[];
  readonly audit?: readonly string[];
  readonly filler?: readonly string[];
}

/** Files as streams of tokens. A record that cannot be used is told once, however often its file is read. */
export class Traffic {
  readonly #io: Io;
  readonly #reading: TextReading;
  readonly #onProblem: (problem: ReadProblem) => void;
  readonly #told = new Set<string>();

  constructor(io: Io, reading: TextReading, onProblem: (problem: ReadProblem) => void) {
    this.#io = io;
    this.#reading = reading;
    this.#onProblem = onProblem;
  }

  /** @throws TypeError for standard input where it would be read twice */
  source({ log, audit, filler }: TrafficFiles): TrafficSource {
    if (log.includes("-") && audit === undefined) {
      throw new TypeError("--log: expected --audit FILE with -: without it the log is read twice");
    }
    return {
      served: () => this.#read(log),
      ...(audit === undefined ? {} : { audit: () => this.#read(audit) }),
      ...(filler === undefined ? {} : { filler: () => this.#read(filler) }),
    };
  }

  async *#read(files: readonly string[]): AsyncGenerator<Tokens> {
    for await (const item of readPieces(await locateInputs(this.#io, files), this.#reading)) {
      if (item.kind === "piece") yield item.piece.tokens;
      else if (item.kind === "problem") this.#tell(item);
    }
  }

  #tell(problem: ReadProblem): void {
    const { path, line, message } = problem;
    const text = line === undefined ? message : `${path}:${line}: ${message}`;
    if (this.#told.has(text)) return;
    this.#told.add(text);
    this.#onProblem(problem);
    tell(this.#io, `error: ${text}`);
  }
}
