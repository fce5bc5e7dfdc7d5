/** A model of 1,000 words for the server's tests: what it proposes is random, what it is told is seen. */
import type { Candidates, ModelSequence, Tokens } from "@verdigris/core";
import { lehmer } from "@verdigris/core/testing";
import type { ChatMessage, ServedModel } from "../src/serve/index.js";

export const V = 1000;
/** The word that ends an answer. */
export const END = 0;

export interface ToyModel extends ServedModel {
  /** Sequences in use now. */
  open: number;
  /** Most sequences in use at once. */
  most: number;
  /** Conversations it was shown. */
  readonly shown: (readonly ChatMessage[])[];
  /** Awaited before each step. */
  step: () => Promise<void> | void;
}

const words = Uint32Array.from({ length: V - 1 }, (_, i) => i + 1);

/** Words are `a1` to `a999`, each with its space; `propose` may replace what is proposed at a step. */
export function toyModel(
  options: {
    readonly sequences?: number;
    readonly propose?: (step: number) => Candidates;
  } = {},
): ToyModel {
  const { sequences = 2, propose } = options;
  const model: ToyModel = {
    vocabularySize: V,
    endTokens: new Set([END]),
    sequences,
    contextSize: 512,
    open: 0,
    most: 0,
    shown: [],
    step: () => {},
    encode: (text) => Uint32Array.from(text.match(/\d+/g) ?? [1], Number),
    decode: (tokens: Tokens) => Array.from(tokens, (token) => `a${token} `).join(""),
    chat(messages) {
      model.shown.push(messages);
      return Uint32Array.from(messages.flatMap(({ content }) => [7, content.length % V]));
    },
    start(): ModelSequence {
      model.most = Math.max(model.most, ++model.open);
      const random = lehmer(11);
      let [n, isOpen] = [0, true];
      return {
        async next() {
          await model.step();
          const logits = Float32Array.from(words, () => 3 * random.next());
          return propose?.(n++) ?? { ids: words, logits };
        },
        push() {},
        end() {
          if (isOpen) model.open--;
          isOpen = false;
        },
      };
    },
  };
  return model;
}
