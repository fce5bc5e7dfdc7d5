/** Suspect text to tokens, in this thread or, once there is much of it, in others. */
import type { Profile } from "@verdigris/core";
import { type Finding, type Tokenizer, normalise } from "@verdigris/text";

/** A text as a detector wants it. */
export interface Tokenised {
  /** Normalised. */
  readonly text: string;
  readonly tokens: Uint32Array;
  /** What normalisation changed. */
  readonly findings: readonly Finding[];
}

/** How texts become tokens. Every implementation gives the same tokens. */
export interface Tokenising {
  /** The tokenizer itself, opened when first asked for. */
  readonly tokenizer: () => Promise<Tokenizer>;
  /** Texts in the order given. */
  readonly run: (texts: readonly string[]) => Promise<readonly Tokenised[]>;
  /** Calls of `run` that it pays to have under way at a time. */
  readonly ahead: number;
  /** Ends what was started. */
  readonly close: () => Promise<void>;
}

/** Where a tokenizer is found: what `tokenizerOf` takes. */
export interface TokenizerPlace {
  readonly profile: Profile;
  readonly where: { readonly profilePath: string; readonly path: string | undefined };
}

/** Characters tokenised here before other threads are started: each takes a second and a tokenizer's memory. */
const ALONE = 1 << 20;
/** Calls given to another thread at a time: one at work, and enough that it need not wait while this one is at work. */
const QUEUE = 3;

/** Tokenises in this thread, by a tokenizer asked for only when there is a text. */
export function tokenisingHere(tokenizer: () => Promise<Tokenizer>): Tokenising {
  return {
    tokenizer,
    ahead: 1,
    close: () => Promise.resolve(),
    run: async (texts) => (texts.length === 0 ? [] : tokenised(await tokenizer(), texts)),
  };
}

/** Normalises and tokenises texts. */
export function tokenised(tokenizer: Tokenizer, texts: readonly string[]): readonly Tokenised[] {
  return texts.map((typed) => {
    const { text, findings } = normalise(typed);
    return { text, tokens: tokenizer.encode(text), findings };
  });
}

interface Threads {
  readonly pool: import("tinypool").Tinypool;
  /** Rejects if a thread fails without being at work. */
  readonly broken: Promise<never>;
}

/**
 * Tokenises in `workers` threads, this one among them: it does what the others are too busy for, and everything
 * until they have started. That is after `alone` characters, or by `start`; they end with `close`.
 */
export class TokenisingPool implements Tokenising {
  readonly tokenizer: () => Promise<Tokenizer>;
  readonly ahead: number;
  readonly #here: Tokenising;
  readonly #place: TokenizerPlace;
  readonly #others: number;
  #alone: number;
  #threads: Promise<Threads> | null = null;
  #started: Promise<void> | null = null;
  #areReady = false;
  /** Why the other threads did not start. */
  #failure: Error | null = null;
  /** Calls that the other threads have not answered. */
  #elsewhere = 0;

  constructor(
    tokenizer: () => Promise<Tokenizer>,
    place: TokenizerPlace,
    { workers, alone = ALONE }: { readonly workers: number; readonly alone?: number },
  ) {
    this.tokenizer = tokenizer;
    this.#here = tokenisingHere(tokenizer);
    this.#place = place;
    this.#others = workers - 1;
    this.#alone = alone;
    this.ahead = workers === 1 ? 2 : (QUEUE + 1) * workers;
  }

  readonly run = async (texts: readonly string[]): Promise<readonly Tokenised[]> => {
    this.#alone -= texts.reduce((sum, text) => sum + text.length, 0);
    if (texts.length === 0 || this.#alone >= 0 || this.#others === 0) return this.#here.run(texts);
    // A failure is told by the next call: this one may not need the others.
    this.start().catch((error: unknown) => (this.#failure = error as Error));
    if (this.#failure !== null) throw this.#failure;
    const threads = this.#elsewhere < QUEUE * this.#others ? this.#threads : null;
    if (!this.#areReady || threads === null) return this.#here.run(texts);
    this.#elsewhere++;
    try {
      const { pool, broken } = await threads;
      return await Promise.race([pool.run(texts) as Promise<readonly Tokenised[]>, broken]);
    } finally {
      this.#elsewhere--;
    }
  };

  /** Starts the other threads; fulfilled when they have their tokenizers. */
  readonly start = (): Promise<void> => (this.#started ??= this.#start());

  readonly close = async (): Promise<void> => {
    const threads = await this.#threads;
    this.#threads = null;
    await threads?.pool.destroy();
  };

  async #start(): Promise<void> {
    const { pool, broken } = await (this.#threads = this.#open());
    const greetings = Array.from({ length: this.#others }, () => pool.run([]));
    await Promise.race([Promise.all(greetings), broken]);
    this.#areReady = true;
  }

  async #open(): Promise<Threads> {
    const { Tinypool } = await import("tinypool");
    const pool = new Tinypool({
      // Built, also when this file is run from its source.
      filename: new URL("../dist/tokenise-worker.js", import.meta.url).href,
      name: "run",
      workerData: this.#place,
      // The process's own flags may be for its entry point only.
      execArgv: [],
      // A thread's heap would take 100 MB more in garbage that nobody collects.
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
      minThreads: this.#others,
      maxThreads: this.#others,
      // They wait where they are done: while this thread is at work, it hands nothing over.
      concurrentTasksPerWorker: QUEUE,
    });
    const broken = new Promise<never>((_, reject) => pool.on("error", reject));
    broken.catch(() => {});
    return { pool, broken };
  }
}
