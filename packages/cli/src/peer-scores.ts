/** What the mark's own project would say of each document. */
import { type Key, type Profile, type Tokens, joined } from "@verdigris/core";
import { type PeerReport, asPeer } from "@verdigris/detector/peers";
import type { PieceOfDocument } from "./pieces.js";
import { Spool } from "./spool.js";

/** A document as the mark's own project sees it. */
export interface PeerScored {
  readonly name: string;
  /** Its figures, or why it refuses the text. */
  readonly report: PeerReport | { readonly refused: string };
}

/** Reproduces the peer's figures of each document, whose tokens it keeps until the document ends. */
export class PeerScores {
  readonly #profile: Profile;
  readonly #key: Key;
  readonly #wanted: boolean;
  #parts: Tokens[] = [];
  readonly all = new Spool<PeerScored>();

  constructor(
    profile: Profile,
    { key, asPeer: wanted }: { readonly key: Key; readonly asPeer: boolean },
  ) {
    [this.#profile, this.#key, this.#wanted] = [profile, key, wanted];
  }

  add({ id, last, piece }: PieceOfDocument): void {
    if (!this.#wanted) return;
    this.#parts.push(piece.tokens);
    if (!last) return;
    this.all.add({ name: id, report: this.#report(joined(this.#parts)) });
    this.reset();
  }

  /** Forgets a document that has no end. */
  reset(): void {
    this.#parts = [];
  }

  #report(tokens: Tokens): PeerScored["report"] {
    try {
      const report = asPeer(this.#profile, this.#key, tokens);
      return report ?? { refused: `${this.#profile.scheme} has no detector of its own` };
    } catch (error) {
      if (error instanceof RangeError) return { refused: error.message };
      throw error;
    }
  }
}
