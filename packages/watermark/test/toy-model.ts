import type { Candidates, LanguageModel } from "@verdigris/core";
import { createHash } from "node:crypto";

/** A language model whose logits are a fixed function of the last two tokens: real enough to sample from. */
export function toyModel(
  V: number,
  options: { readonly endToken?: number; readonly spread?: number } = {},
): LanguageModel {
  const { endToken, spread = 2 } = options;
  return {
    vocabularySize: V,
    endTokens: new Set(endToken === undefined ? [] : [endToken]),
    start(prompt) {
      const text = Array.from(prompt);
      return {
        next: (): Candidates => ({
          ids: Uint32Array.from({ length: V }, (_, id) => id),
          logits: toyLogits(text.slice(-2), V, spread),
        }),
        push: (token) => void text.push(token),
        end: () => {},
      };
    },
  };
}

function toyLogits(context: readonly number[], V: number, spread: number): Float32Array {
  let state = createHash("sha256").update(context.join(" ")).digest().readUInt32LE(0) | 1;
  return Float32Array.from({ length: V }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (spread * state) / 2 ** 32;
  });
}
