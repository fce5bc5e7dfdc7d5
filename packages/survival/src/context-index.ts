import type { Tokens } from "@verdigris/core";
import type { Text } from "./corpus.js";

/** Positions whose preceding tokens match a context, as a range of the index. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Every position of a corpus, sorted by the tokens before it, nearest first: the positions that follow any context
 * of up to `order` tokens are one range. Texts are kept apart by a boundary token, which matches no context and is
 * nobody's continuation. P positions; memory 8 bytes a token.
 */
export class ContextIndex {
  readonly order: number;
  /** The token at each sorted position: what followed. (P) */
  readonly followers: Uint32Array;
  /** The text each sorted position belongs to. (P) */
  readonly textOf: Uint32Array;
  readonly #stream: Uint32Array;
  readonly #positions: Uint32Array;
  /** Where each text starts in the stream. (texts) */
  readonly #starts: Uint32Array;
  /** Occurrences of each token as a follower. (V) */
  readonly #total: Uint32Array;
  /** All zero between calls. (V) */
  readonly #counts: Uint32Array;
  /** Range of each last token: first[v] … first[v+1]. (V + 2) */
  readonly #first: Uint32Array;

  constructor(
    texts: readonly Tokens[],
    options: { readonly order: number; readonly vocabularySize: number },
  ) {
    const { order, vocabularySize: V } = options;
    this.order = order;
    const { stream, positions, owners, starts } = layOut(texts, order, V);
    this.#stream = stream;
    this.#starts = starts;
    this.#positions = sortByContext(stream, positions, { order, V });
    this.followers = gathered(stream, this.#positions);
    this.textOf = gathered(owners, this.#positions);
    this.#total = new Uint32Array(V);
    this.#counts = new Uint32Array(V);
    for (const token of this.followers) this.#total[token]++;
    this.#first = new Uint32Array(V + 2);
    for (const at of this.#positions) this.#first[stream[at - 1] + 1]++;
    for (let v = 0; v <= V; v++) this.#first[v + 1] += this.#first[v];
  }

  get size(): number {
    return this.followers.length;
  }

  /** The place of a sorted position in its own text. */
  placeOf(i: number): number {
    return this.#positions[i] - this.#starts[this.textOf[i]];
  }

  /**
   * Ranges of the last 0, 1, … tokens of `context`, up to the index's order or the context's length; stops before
   * the first empty one. The first is everything.
   */
  ranges(context: Tokens): readonly Range[] {
    const out: Range[] = [{ start: 0, end: this.size }];
    const deepest = Math.min(this.order, context.length);
    for (let depth = 1; depth <= deepest; depth++) {
      const token = context[context.length - depth];
      const range = this.narrow(out[depth - 1], depth, token);
      if (range.start === range.end) break;
      out.push(range);
    }
    return out;
  }

  /** How often each of `ids` followed, within a range. (K) */
  counts({ start, end }: Range, ids: Uint32Array): Uint32Array {
    if (end - start === this.size) return ids.map((id) => this.#total[id]);
    if (ids.length === 1) return Uint32Array.of(this.#countOf(ids[0], start, end));
    const counts = this.#counts;
    for (let i = start; i < end; i++) counts[this.followers[i]]++;
    const found = ids.map((id) => counts[id]);
    for (let i = start; i < end; i++) counts[this.followers[i]] = 0;
    return found;
  }

  #countOf(id: number, start: number, end: number): number {
    const { followers } = this;
    let count = 0;
    for (let i = start; i < end; i++) if (followers[i] === id) count++;
    return count;
  }

  /** The part of a range whose token `depth` places back is `token`. */
  narrow(range: Range, depth: number, token: number): Range {
    if (depth === 1) return { start: this.#first[token], end: this.#first[token + 1] };
    return { start: this.#bound(range, depth, token), end: this.#bound(range, depth, token + 1) };
  }

  /** First index in the range whose token `depth` places back is ≥ token. */
  #bound(range: Range, depth: number, token: number): number {
    let { start: low, end: high } = range;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#stream[this.#positions[middle] - depth] < token) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** `from[at[i]]` for each i. A loop: a mapping function would be called for every token. */
function gathered(from: Uint32Array, at: Uint32Array): Uint32Array {
  const out = new Uint32Array(at.length);
  for (let i = 0; i < at.length; i++) out[i] = from[at[i]];
  return out;
}

/** Makes indexes of texts, one for whoever asks for the same texts and order again: the law, then the student it forecasts. */
export function indexKeeper(
  vocabularySize: number,
): (texts: readonly Text[], order: number) => ContextIndex {
  const made = new WeakMap<readonly Text[], ContextIndex>();
  return (texts, order) => {
    const known = made.get(texts);
    if (known?.order === order) return known;
    const streams = texts.map(({ tokens }) => tokens);
    const index = new ContextIndex(streams, { order, vocabularySize });
    made.set(texts, index);
    return index;
  };
}

interface Layout {
  readonly stream: Uint32Array;
  readonly positions: Uint32Array;
  readonly owners: Uint32Array;
  readonly starts: Uint32Array;
}

/** All texts in one stream, `order` boundary tokens (V) before each. */
function layOut(texts: readonly Tokens[], order: number, V: number): Layout {
  const total = texts.reduce((sum, text) => sum + text.length, 0);
  const stream = new Uint32Array(total + order * texts.length).fill(V);
  const owners = new Uint32Array(stream.length);
  const positions = new Uint32Array(total);
  const starts = new Uint32Array(texts.length);
  let at = 0;
  let n = 0;
  for (let t = 0; t < texts.length; t++) {
    at += order;
    starts[t] = at;
    stream.set(texts[t], at);
    owners.fill(t, at, at + texts[t].length);
    for (let i = 0; i < texts[t].length; i++) positions[n++] = at++;
  }
  return { stream, positions, owners, starts };
}

/** Radix sort by the token `order` places back, …, 1 place back: stable, least significant first. */
function sortByContext(
  stream: Uint32Array,
  positions: Uint32Array,
  size: { readonly order: number; readonly V: number },
): Uint32Array {
  let from: Uint32Array = positions;
  let to: Uint32Array = new Uint32Array(positions.length);
  const start = new Uint32Array(size.V + 2);
  for (let depth = size.order; depth >= 1; depth--) {
    start.fill(0);
    for (const at of from) start[stream[at - depth] + 1]++;
    for (let v = 0; v <= size.V; v++) start[v + 1] += start[v];
    for (const at of from) to[start[stream[at - depth]]++] = at;
    [from, to] = [to, from];
  }
  return from;
}
