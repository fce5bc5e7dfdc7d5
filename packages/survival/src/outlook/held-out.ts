import type { Random, Tokens } from "@verdigris/core";

/**
 * A random part of texts that come one by one, in bounded memory: at first each with probability `share`; whenever more
 * than `most` tokens are kept, the probability is halved and the texts it no longer covers are let go.
 */
export class HeldOut {
  readonly #most: number;
  #share: number;
  #tokens = 0;
  #kept: { readonly at: number; readonly tokens: Tokens }[] = [];

  constructor({ share, most }: { readonly share: number; readonly most: number }) {
    this.#share = share;
    this.#most = most;
  }

  /** Texts with a lot below this are kept. */
  get share(): number {
    return this.#share;
  }

  get texts(): readonly Tokens[] {
    return this.#kept.map(({ tokens }) => tokens);
  }

  /** Offers a text with its lot in [0, 1). */
  offer(tokens: Tokens, lot: number): void {
    if (lot >= this.#share) return;
    this.#kept.push({ at: lot, tokens });
    this.#tokens += tokens.length;
    while (this.#tokens > this.#most && this.#kept.length > 1) {
      this.#share /= 2;
      this.#kept = this.#kept.filter(({ at }) => at < this.#share);
      this.#tokens = this.#kept.reduce((sum, { tokens: own }) => sum + own.length, 0);
    }
  }
}

/** Two lots in [0, 1) for each served text: whether it is held out, and from which share on a thief has it. */
export function* lots(
  random: Random,
): Generator<{ readonly heldOut: number; readonly taken: number }> {
  for (;;) yield { heldOut: random.next(), taken: random.next() };
}
