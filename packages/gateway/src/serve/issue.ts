/** What is known of an answer when it is given out: its tokens, counted and scored. */
import type { Scheme, Tokens } from "@verdigris/core";
import { type Evidence, Tally, evidenceOf } from "@verdigris/detector";
import type { Piece, Usage } from "../answers/shape.js";
import { tell } from "../errors.js";
import type { Ended, RecordSink, Started } from "../record.js";
import type { Tenant } from "./tenants.js";

/** An answer as it was given out. */
export interface ServedAnswer {
  readonly tenant: Tenant;
  readonly prompt: Tokens;
  /** As far as it came. */
  readonly tokens: Tokens;
  /** How strong the mark is; null for an answer without one. */
  readonly evidence: Evidence | null;
}

/** Where answers are made known. */
export interface IssueOptions {
  readonly sink: RecordSink;
  /** Told of each answer that ended; the ids are its own to keep. */
  readonly onAnswer?: (answer: ServedAnswer) => void;
  readonly onError?: (error: unknown) => void;
}

/** How strong the mark is in an answer; null without a scheme: it was given out without one. */
export function evidenceIn(
  scheme: Scheme | null,
  answer: { readonly tokens: Tokens; readonly prompt: Tokens },
): Evidence | null {
  if (scheme === null) return null;
  const tally = new Tally(scheme);
  tally.add(answer);
  return evidenceOf(scheme.law, tally.count());
}

/** One answer's way out. Adds to its record what we counted, which a client need not have asked for. */
export class Issue implements RecordSink {
  readonly #options: IssueOptions;
  readonly #tenant: Tenant;
  readonly #tokens: number[] = [];
  #prompt: Tokens = new Uint32Array();
  #scheme: Scheme | null = null;
  /** Tokens the client was given; null before there were any. */
  #given: number | null = null;

  constructor(tenant: Tenant, options: IssueOptions) {
    this.#tenant = tenant;
    this.#options = options;
  }

  count(usage: Usage): void {
    this.#given = usage.completion_tokens;
  }

  /** Passes pieces on, and notes their tokens. `scheme` is null for an answer without a mark. */
  async *noting(
    pieces: AsyncIterable<Piece>,
    { prompt, scheme }: { readonly prompt: Tokens; readonly scheme: Scheme | null },
  ): AsyncGenerator<Piece> {
    [this.#prompt, this.#scheme] = [prompt, scheme];
    for await (const piece of pieces) {
      this.#tokens.push(...piece.tokenIds);
      yield piece;
    }
  }

  write(entry: Started | Ended): void | Promise<void> {
    const { sink, onAnswer, onError } = this.#options;
    if (entry.kind === "started" || this.#given === null) return sink.write(entry);
    const tokens = Uint32Array.from(this.#tokens).subarray(0, this.#given);
    const [tenant, prompt] = [this.#tenant, this.#prompt];
    const evidence = evidenceIn(this.#scheme, { tokens, prompt });
    try {
      onAnswer?.({ tenant, prompt, tokens, evidence });
    } catch (error) {
      tell(onError, error);
    }
    const shown = evidence === null || tokens.length === 0 ? {} : { zScore: evidence.zScore };
    const counted = { tokens: tokens.length, ...shown };
    const choices = entry.choices.map((choice) => ({ ...choice, ...counted }));
    return sink.write({ ...entry, completionTokens: tokens.length, choices });
  }
}
