import * as z from "zod";
import type { AttackTraits } from "../needs.js";
import { type TrainingAttack, needed } from "./training-attack.js";

export const schema = z.strictObject({
  kind: z.literal("quantisation"),
  bits: z.int().min(2).max(16).default(4).describe("Bits a weight."),
});

export const traits: AttackTraits = { needs: ["quantised"], removes: [] };

/** Rounds the student's weights: no answer, no clean text, no training. What it leaves has no closed form. */
export function create({ bits, kind }: z.infer<typeof schema>): TrainingAttack {
  return {
    kind,
    reads: [],
    budget: () => ({ queries: 0, cleanTokens: 0, computeShare: 0 }),
    student: async (student, _corpus, { apprenticeship }) =>
      needed(
        `quantised of a ${apprenticeship.kind} student`,
        await student.quantised?.(bits),
        kind,
      ),
  };
}
