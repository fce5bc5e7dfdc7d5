import type { Tokens } from "@verdigris/core";

/**
 * How often texts hold the windows of given contexts, at every depth up to `order`, exactly, in memory that depends on
 * the contexts alone: a trie of each context's last tokens, nearest first, with one counter for each slot. A text's
 * position counts for every window that ends before it and lies in that text.
 */
export class WindowCounts {
  readonly order: number;
  readonly #slots: number;
  readonly #vocabularySize: number;
  /** parent · V + token → node; the root is 0. */
  readonly #children = new Map<number, number>();
  readonly #counts: Float64Array; // (nodes, slots)
  /** Node of each context at depth 1 … order; 0 beyond its length. (contexts, order) */
  readonly #paths: Uint32Array;

  /** `order`: tokens of the longest window; `slots`: counters kept apart. */
  constructor(
    contexts: readonly Tokens[],
    options: { readonly order: number; readonly slots: number; readonly vocabularySize: number },
  ) {
    const { order, slots, vocabularySize } = options;
    this.order = order;
    this.#slots = slots;
    this.#vocabularySize = vocabularySize;
    this.#paths = new Uint32Array(contexts.length * order);
    let nodes = 1;
    contexts.forEach((context, c) => {
      let node = 0;
      for (let depth = 1; depth <= Math.min(order, context.length); depth++) {
        const name = this.#name(node, context[context.length - depth]);
        const known = this.#children.get(name);
        node = known ?? nodes++;
        if (known === undefined) this.#children.set(name, node);
        this.#paths[c * order + depth - 1] = node;
      }
    });
    this.#counts = new Float64Array(nodes * slots);
  }

  /** Nodes of the trie, its root among them. */
  get size(): number {
    return this.#counts.length / this.#slots;
  }

  /** Counts one text in a slot; tells the node of each position's windows of `least` tokens and more, where they are of a context. */
  add(
    tokens: Tokens,
    slot: number,
    watch?: { readonly least: number; readonly seen: (position: number, node: number) => void },
  ): void {
    for (let i = 1; i < tokens.length; i++) {
      let node = 0;
      for (let depth = 1; depth <= Math.min(this.order, i); depth++) {
        const next = this.#children.get(this.#name(node, tokens[i - depth]));
        if (next === undefined) break;
        node = next;
        this.#counts[node * this.#slots + slot]++;
        if (watch !== undefined && depth >= watch.least) watch.seen(i, node);
      }
    }
  }

  /** Adds examples of a node's window that were counted elsewhere; expected counts may be fractions. */
  credit(node: number, slot: number, examples: number): void {
    this.#counts[node * this.#slots + slot] += examples;
  }

  /** The node of a context's window of `depth` tokens, 1 … order; 0 if the context is shorter. */
  nodeOf(context: number, depth: number): number {
    return this.#paths[context * this.order + depth - 1];
  }

  /** Examples of a node's window over slots `from` … `to` − 1. */
  count(node: number, from: number, to: number): number {
    let sum = 0;
    for (let slot = from; slot < to; slot++) sum += this.#counts[node * this.#slots + slot];
    return sum;
  }

  #name(node: number, token: number): number {
    return node * this.#vocabularySize + token;
  }
}
