import * as z from "zod";
import type { AttackTraits } from "../needs.js";
import { retold } from "./retold.js";
import type { TrainingAttack } from "./training-attack.js";

export const schema = z.strictObject({ kind: z.literal("retokenisation") });

export const traits: AttackTraits = { needs: ["tokenizer"], removes: ["targets"] };

/** Trains on the text instead of the teacher's tokens: the tokenizer may cut the same text elsewhere. It costs nothing. */
export function create({ kind }: z.infer<typeof schema>): TrainingAttack {
  return {
    kind,
    reads: [],
    budget: () => ({ queries: 0, cleanTokens: 0, computeShare: 0 }),
    corpus: (corpus, surroundings) =>
      retold(corpus, surroundings, { kind, change: (text) => text }),
    retained: () => 1,
  };
}
