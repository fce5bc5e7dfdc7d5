import type { Tokens } from "@verdigris/core";

/** Tokens that may share one character at most: UTF-8 has four bytes. */
const LONGEST_CHARACTER = 4;

/** The text of tokens as they come: whole characters only, and nothing from the stop sequence on that is complete first. */
export class TextStream {
  readonly #decode: (tokens: Tokens) => string;
  readonly #stops: readonly string[];
  /** The tokens last decoded, whose text is known, and those after them, whose text is not. */
  #known: number[] = [];
  #fresh: number[] = [];
  /** Text that may be the start of a stop sequence. */
  #held = "";
  #stopped = false;

  constructor(decode: (tokens: Tokens) => string, stops: readonly string[]) {
    this.#decode = decode;
    this.#stops = stops;
  }

  /** Whether a stop sequence has come. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Adds a token; the text that is certain now. */
  push(token: number): string {
    this.#fresh.push(token);
    const text = this.#freshText();
    if (text.endsWith("\uFFFD") && this.#fresh.length < LONGEST_CHARACTER) return "";
    this.#known = this.#fresh;
    this.#fresh = [];
    return this.#release(text, false);
  }

  /** The rest. */
  end(): string {
    return this.#stopped ? "" : this.#release(this.#freshText(), true);
  }

  /** Decoded after the tokens before it: some tokenizers drop the space that a text begins with. */
  #freshText(): string {
    const before = this.#decode(Uint32Array.from(this.#known));
    return this.#decode(Uint32Array.of(...this.#known, ...this.#fresh)).slice(before.length);
  }

  #release(text: string, all: boolean): string {
    const known = this.#held + text;
    const found = this.#stops
      .map((stop) => ({ from: known.indexOf(stop), length: stop.length }))
      .filter(({ from }) => from >= 0)
      .toSorted((a, b) => a.from + a.length - b.from - b.length || a.from - b.from);
    if (found.length > 0) {
      this.#stopped = true;
      this.#held = "";
      return known.slice(0, found[0].from);
    }
    const kept = all ? 0 : Math.max(0, ...this.#stops.map((stop) => overlap(known, stop)));
    this.#held = known.slice(known.length - kept);
    return known.slice(0, known.length - kept);
  }
}

/** Length of the longest end of `text` that is a start of `stop`. */
function overlap(text: string, stop: string): number {
  let length = Math.min(text.length, stop.length - 1);
  while (length > 0 && !stop.startsWith(text.slice(text.length - length))) length--;
  return length;
}
