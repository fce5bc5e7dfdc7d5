import * as z from "zod";
import type { AttackTraits } from "../needs.js";
import { retold } from "./retold.js";
import { type TrainingAttack, needed } from "./training-attack.js";

export const schema = z.strictObject({ kind: z.literal("rewriting") });

export const traits: AttackTraits = { needs: ["tokenizer", "model"], removes: ["targets"] };

/** Untargeted paraphrase by a language model that puts every text in other words: one more answer for each. */
export function create({ kind }: z.infer<typeof schema>): TrainingAttack {
  return {
    kind,
    reads: [],
    budget: ({ texts }) => ({ queries: texts.length, cleanTokens: 0, computeShare: 0 }),
    corpus: (corpus, surroundings) => {
      const change = needed("rewrite (a study's material.model)", surroundings.rewrite, kind);
      return retold(corpus, surroundings, { kind, change });
    },
    retained: () => 1,
  };
}
