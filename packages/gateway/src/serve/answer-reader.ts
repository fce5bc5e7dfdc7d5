/** Answers that an engine wrote, as tokens: for sketches of what was served. */
import { type Tokens, VerdigrisError, joined } from "@verdigris/core";
import PQueue from "p-queue";
import { tell } from "../errors.js";
import type { PassedAnswer } from "../passed.js";
import type { Said } from "../stream/transcript.js";
import { type ServedAnswer, evidenceIn } from "./issue.js";
import { type PromptPiece, promptOf } from "./prompt.js";
import { Schemes } from "./schemes.js";
import type { Tenant } from "./tenants.js";

/** How answers are read. */
export interface AnswerReaderOptions {
  /** Tokens of texts, by the engine's tokenizer. Called for one answer at a time; better done in another thread. */
  readonly encode: (texts: readonly string[]) => Promise<readonly Tokens[]>;
  /** Told of each choice, as of an answer of its own; a prompt comes with the first only. */
  readonly onAnswer: (answer: ServedAnswer) => void;
  /** Code units and ids that may wait. Default 2^24: beyond them answers are not read. */
  readonly room?: number;
  readonly onError?: (error: unknown) => void;
}

/** One answer in line. */
interface Waiting {
  readonly tenant: Tenant;
  readonly isMarked: boolean;
  readonly prompt: readonly PromptPiece[];
  readonly said: readonly Said[];
}

/** What a text or list of ids takes beside its length, in code units. */
const OVERHEAD = 64;

/**
 * Reads answers one after the other once they have passed: by the ids that the engine sent, else by tokenising their text
 * again, which now and then gives other ids than the engine chose. A prompt is tokenised turn by turn, without a template.
 */
export class AnswerReader {
  readonly #options: AnswerReaderOptions;
  readonly #room: number;
  readonly #schemes = new Schemes();
  readonly #queue = new PQueue({ concurrency: 1 });
  /** Code units and ids that wait. */
  #waiting = 0;
  #lost = 0;

  constructor(options: AnswerReaderOptions) {
    this.#options = options;
    this.#room = options.room ?? 1 << 24;
  }

  /** Answers that were not read. */
  get lost(): number {
    return this.#lost;
  }

  /** Puts an answer in line. Never throws and never waits: what goes wrong is told to `onError`. */
  note({ start, body, said }: PassedAnswer, tenant: Tenant): void {
    if (said === null) return this.#lose("it could not be read, or was too long");
    const prompt = promptOf(start.endpoint, body);
    const size = sizeOf(prompt, said);
    if (this.#waiting + size > this.#room) return this.#lose("too many wait to be tokenised");
    this.#waiting += size;
    const isMarked = start.status.kind === "applied";
    void this.#queue.add(() =>
      this.#read({ tenant, isMarked, prompt, said })
        .catch((cause: unknown) => this.#lose((cause as Error).message, { cause }))
        .finally(() => (this.#waiting -= size)),
    );
  }

  /** Resolves when all that was noted has been read. */
  settled(): Promise<void> {
    return this.#queue.onIdle();
  }

  async #read({ tenant, isMarked, prompt, said }: Waiting): Promise<void> {
    const pieces = [...prompt, ...said.map(({ text, tokenIds }) => tokenIds ?? text)];
    const tokens = await this.#tokensOf(pieces);
    const asked = joined(tokens.slice(0, prompt.length));
    const scheme = isMarked ? this.#schemes.of(tenant) : null;
    for (const [i, answer] of tokens.slice(prompt.length).entries()) {
      const evidence = evidenceIn(scheme, { tokens: answer, prompt: asked });
      const shown = i === 0 ? asked : new Uint32Array();
      this.#options.onAnswer({ tenant, prompt: shown, tokens: answer, evidence });
    }
  }

  /** The tokens of each piece. */
  async #tokensOf(pieces: readonly PromptPiece[]): Promise<readonly Tokens[]> {
    const texts = pieces.filter((piece) => typeof piece === "string");
    const encoded = texts.length === 0 ? [] : await this.#options.encode(texts);
    let next = 0;
    return pieces.map((piece) =>
      typeof piece === "string" ? encoded[next++] : Uint32Array.from(piece),
    );
  }

  #lose(why: string, options?: { readonly cause: unknown }): void {
    this.#lost++;
    const message = `collection: an answer is not counted: ${why}`;
    tell(this.#options.onError, new VerdigrisError("JOB_FAILED", message, options));
  }
}

function sizeOf(prompt: readonly PromptPiece[], said: readonly Said[]): number {
  const asked = prompt.reduce((sum, { length }) => sum + OVERHEAD + length, 0);
  return said.reduce(
    (sum, { text, tokenIds }) => sum + OVERHEAD + text.length + (tokenIds?.length ?? 0),
    asked,
  );
}
