import type { Random, Tokens } from "@verdigris/core";
import type { Draws, Prediction } from "@verdigris/detector";

/** A student that somebody else trained, as far as it lets itself be asked. A new way to ask is one file and a line in index.ts. */
export interface ExternalStudent {
  readonly kind: string;
  /** One drawn token per context: closed access. Contexts in which it gave no usable answer are left out. */
  draws(contexts: readonly Tokens[], random: Random): Promise<Draws>;
  /** Next-token probabilities: open access; null where it shows none. */
  predict(contexts: readonly Tokens[]): Promise<readonly Prediction[] | null>;
  dispose(): Promise<void>;
}
