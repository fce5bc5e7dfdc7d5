import type { Tokens } from "@verdigris/core";
import { ServingSketch } from "@verdigris/detector";
import type { SketchedTraffic, TrafficSource } from "@verdigris/survival";
import { type ReadProblem, inFile } from "@verdigris/text";
import { readBytes } from "../../files.js";
import { type Io, locate, locateInputs, tell } from "../../io.js";
import { type TextReading, readPieces } from "../../pieces.js";

/** Files by what they say of a deployment. */
interface TrafficFiles {
  readonly log: readonly string[];
  readonly audit?: readonly string[];
  readonly filler?: readonly string[];
}

/** A sketch, and what is asked besides. */
interface SketchFiles extends Omit<TrafficFiles, "log"> {
  readonly sketch?: string;
  readonly excess?: number;
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

  /** @throws TypeError for a sketch without what it does not say; VerdigrisError FILE_* */
  async sketched({ sketch, audit, excess, filler }: SketchFiles): Promise<SketchedTraffic> {
    if (sketch === undefined) throw new TypeError("--log: expected it or --sketch, got neither");
    if (audit === undefined || excess === undefined) {
      throw new TypeError("--sketch: expected --audit FILE and --excess X with it");
    }
    if (filler !== undefined) throw new TypeError("--filler: expected --log with it, got --sketch");
    const path = locate(this.#io, sketch);
    const bytes = await readBytes(path);
    return {
      sketch: inFile(path, () => ServingSketch.fromBytes(bytes)),
      audit: () => this.#read(audit),
      excess,
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
