import type { Random } from "@verdigris/core";
import * as z from "zod";
import type { Corpus } from "../corpus.js";
import type { AttackTraits } from "../needs.js";
import { redrawn } from "./redraw.js";
import type { TrainingAttack } from "./training-attack.js";

export const schema = z.strictObject({
  kind: z.literal("paraphrase"),
  share: z.number().min(0).max(1).describe("q: share of the tokens that are drawn anew."),
});

export const traits: AttackTraits = { needs: [], removes: ["targets"] };

/**
 * Untargeted paraphrase: the student as it was before training, which knows nothing of the key, draws a share q of all
 * tokens anew, each after what the text says by then. About (1 − q)^(h + 1) of the marked windows survive; the traces say
 * it exactly, as some draws hit the old token.
 */
export function create({ share, kind }: z.infer<typeof schema>): TrainingAttack {
  return {
    kind,
    reads: [],
    budget: () => ({ queries: 0, cleanTokens: 0, computeShare: share / 3 }),
    corpus: (corpus, surroundings) =>
      redrawn(corpus, chosenAtRandom(corpus, share, surroundings.random), surroundings),
    retained: () => 1,
  };
}

function chosenAtRandom({ texts }: Corpus, share: number, random: Random): readonly Uint8Array[] {
  return texts.map(({ tokens }) => Uint8Array.from(tokens, () => (random.next() < share ? 1 : 0)));
}
