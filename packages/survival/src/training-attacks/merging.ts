import * as z from "zod";
import type { AttackTraits } from "../needs.js";
import { type TrainingAttack, needed } from "./training-attack.js";

export const schema = z.strictObject({
  kind: z.literal("merging"),
  weight: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.5)
    .describe("What the student as it was before training counts in the merged one."),
});

export const traits: AttackTraits = { needs: ["merged"], removes: [] };

/** Merges the student with itself as it was before training. A mixture of predictions keeps 1 − weight of the excess. */
export function create({ weight, kind }: z.infer<typeof schema>): TrainingAttack {
  return {
    kind,
    reads: [],
    budget: () => ({ queries: 0, cleanTokens: 0, computeShare: 0 }),
    async student(student, _corpus, { apprenticeship }) {
      needed(`merged of a ${apprenticeship.kind} student`, student.merged, kind);
      const untrained = await apprenticeship.untrained();
      const merged = needed("merged", await student.merged?.(untrained, weight), kind);
      await untrained.dispose();
      return merged;
    },
    retained: () => 1 - weight,
  };
}
