import * as z from "zod";
import { synonyms } from "../attacks/synonyms.js";
import type { AttackTraits } from "../needs.js";
import { retold } from "./retold.js";
import type { TrainingAttack } from "./training-attack.js";

export const schema = z.strictObject({
  kind: z.literal("synonym-table"),
  share: z.number().min(0).max(1).default(1).describe("Share of the words that the table knows."),
});

export const traits: AttackTraits = { needs: ["tokenizer"], removes: ["targets"] };

/** Untargeted paraphrase without a model: words of a small table by others of their group. */
export function create({ share, kind }: z.infer<typeof schema>): TrainingAttack {
  return {
    kind,
    reads: [],
    budget: () => ({ queries: 0, cleanTokens: 0, computeShare: 0 }),
    corpus: (corpus, surroundings) => {
      const { random } = surroundings;
      const change = (text: string): string =>
        synonyms.apply(text, { strength: share, random, foreign: "" });
      return retold(corpus, surroundings, { kind, change });
    },
    retained: () => 1,
  };
}
