/** What a report keeps of a call while it scores, in bounded memory. */
import { type Tokens, joined } from "@verdigris/core";
import { normalise } from "@verdigris/text";
import type { PieceOfDocument } from "../pieces.js";
import type { ScoreObserver } from "../scoring.js";

/** Tokens a report looks at; those after them are only counted. */
export const LOOKED_AT = 100_000;

/** A document as far as it was kept. */
export interface KeptDocument {
  readonly name: string;
  readonly tokens: Tokens;
  /** The text the tokens were made from; null where they were recorded. */
  readonly text: KeptText | null;
  readonly prompt: Tokens | undefined;
}

/** A text before and after normalisation. */
export interface KeptText {
  readonly normalised: string;
  readonly original: string;
  /** Where each code unit of `normalised` stood in `original`. (length of `normalised` + 1) */
  readonly offsets: Uint32Array;
}

/** What was kept. */
export interface Kept {
  readonly documents: readonly KeptDocument[];
  /** Of everything, kept or not. */
  readonly documentCount: number;
  readonly tokenCount: number;
  /** z under each decoy key; empty without a decoy test. */
  readonly decoyZ: Float64Array;
}

interface Open {
  readonly name: string;
  readonly prompt: Tokens | undefined;
  readonly parts: PieceOfDocument[];
}

/** Keeps the first `LOOKED_AT` tokens, in whole pieces, and the decoys' z. */
export class Collector implements ScoreObserver {
  readonly #documents: KeptDocument[] = [];
  #open: Open | null = null;
  #documentCount = 0;
  #tokenCount = 0;
  #decoyZ: Float64Array = new Float64Array(0);

  piece(_path: string, item: PieceOfDocument): void {
    const { id, last, piece } = item;
    if (piece.continues !== true) {
      this.#documentCount++;
      this.#open = this.#isFull() ? null : { name: id, prompt: piece.prompt, parts: [] };
    }
    if (this.#open !== null && !this.#isFull()) this.#open.parts.push(item);
    this.#tokenCount += piece.tokens.length;
    if (last) this.#close();
  }

  decoys(z: Float64Array): void {
    this.#decoyZ = z;
  }

  /** What was kept; to be asked when everything was scored. */
  kept(): Kept {
    return {
      documents: this.#documents,
      documentCount: this.#documentCount,
      tokenCount: this.#tokenCount,
      decoyZ: this.#decoyZ,
    };
  }

  #isFull(): boolean {
    return this.#tokenCount >= LOOKED_AT;
  }

  #close(): void {
    if (this.#open === null) return;
    const { name, prompt, parts } = this.#open;
    this.#documents.push({
      name,
      prompt,
      tokens: joined(parts.map(({ piece }) => piece.tokens)),
      text: textOf(parts),
    });
    this.#open = null;
  }
}

/** The text of parts, which were normalised one by one; null if one has recorded tokens. */
function textOf(parts: readonly PieceOfDocument[]): KeptText | null {
  let [normalised, original] = ["", ""];
  const offsets: number[] = [];
  for (const part of parts) {
    if (part.original === null) return null;
    const made = normalise(part.original);
    for (let i = 0; i < made.text.length; i++) offsets.push(original.length + made.offsets[i]);
    normalised += made.text;
    original += part.original;
  }
  return { normalised, original, offsets: Uint32Array.from([...offsets, original.length]) };
}
