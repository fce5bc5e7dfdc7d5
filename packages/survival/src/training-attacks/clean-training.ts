import * as z from "zod";
import { type Corpus, type Text, corpusOf, firstTokens } from "../corpus.js";
import { forecast } from "../law.js";
import type { AttackTraits } from "../needs.js";
import type { TrainingAttack } from "./training-attack.js";

export const schema = z.strictObject({
  kind: z.literal("clean-training"),
  ratio: z
    .number()
    .gt(0)
    .max(100)
    .default(1)
    .describe("Clean tokens T_c to train on afterwards, per token of the corpus."),
});

export const traits: AttackTraits = { needs: [], removes: [] };

const NOTHING = corpusOf([], []);

/**
 * Goes on training on text without the mark. Only windows that this text visits are overwritten: the law keeps
 * F(T_c) = E[(n + κ)/(n + n_c + κ)] of the excess, here with every level of the student counted.
 */
export function create({ ratio, kind }: z.infer<typeof schema>): TrainingAttack {
  const clean = (corpus: Corpus, texts: readonly Text[]): readonly Text[] =>
    firstTokens("cleanTexts", texts, Math.round(ratio * corpus.tokenCount));
  return {
    kind,
    reads: ["cleanTexts"],
    budget: ({ tokenCount }) => ({
      queries: 0,
      cleanTokens: Math.round(ratio * tokenCount),
      computeShare: ratio,
    }),
    student: (student, corpus, { apprenticeship, cleanTexts, random }) =>
      apprenticeship.train(withUnmarked(NOTHING, clean(corpus, cleanTexts)), random, student),
    retained({ scheme, corpus, ...law }, { cleanTexts }) {
      const before = forecast(scheme, corpus, law).epsilon;
      const both = withUnmarked(corpus, clean(corpus, cleanTexts));
      return before === 0 ? 1 : forecast(scheme, both, law).epsilon / before;
    },
  };
}

/** A corpus with unmarked texts after it. */
function withUnmarked({ texts, marked, traces }: Corpus, added: readonly Text[]): Corpus {
  return corpusOf([...texts, ...added], [...marked, ...added.map(() => false)], traces);
}
