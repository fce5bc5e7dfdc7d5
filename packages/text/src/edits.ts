/** A stretch [start, end) of a text and what takes its place. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * A text under repair that knows where each of its code units came from.
 *
 * `offsets[i]` is where unit i stood in the original, and the last entry the original's length: unit range [a, b) came from
 * [offsets[a], offsets[b]). (length + 1)
 */
export class TracedText {
  text: string;
  #offsets: Uint32Array | null = null;

  constructor(text: string) {
    this.text = text;
  }

  get offsets(): Uint32Array {
    return this.#offsets ?? Uint32Array.from({ length: this.text.length + 1 }, (_, i) => i);
  }

  /** Makes edits that do not overlap, in text order. What an edit writes comes from where the edit starts. */
  apply(edits: readonly Edit[]): void {
    if (edits.length === 0) return;
    const parts: string[] = [];
    const before = this.offsets;
    const offsets: number[] = [];
    let at = 0;
    const keep = (end: number): void => {
      parts.push(this.text.slice(at, end));
      for (; at < end; at++) offsets.push(before[at]);
    };
    for (const { start, end, text } of edits) {
      keep(start);
      parts.push(text);
      const same = text.length === end - start;
      for (let i = 0; i < text.length; i++) offsets.push(before[same ? start + i : start]);
      at = end;
    }
    keep(this.text.length);
    offsets.push(before[at]);
    this.text = parts.join("");
    this.#offsets = Uint32Array.from(offsets);
  }
}
