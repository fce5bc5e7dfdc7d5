import * as z from "zod";
import { type Corpus, corpusOf, firstTokens } from "../corpus.js";
import type { AttackTraits } from "../needs.js";
import { shuffled } from "../random.js";
import { type TrainingAttack, needed } from "./training-attack.js";

export const schema = z.strictObject({
  kind: z.literal("mixing"),
  share: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.5)
    .describe("Share of the corpus, in tokens, that comes of other providers instead."),
});

export const traits: AttackTraits = { needs: ["anyKey"], removes: [] };

/**
 * Learns from several providers, each with a mark of its own, and from this one less: a corpus of the same size, of which
 * `share` carries other keys. To this key theirs is unmarked text that competes for the same windows.
 */
export function create({ share, kind }: z.infer<typeof schema>): TrainingAttack {
  return {
    kind,
    reads: ["foreignTexts"],
    budget: ({ texts }) => ({
      queries: Math.round(share * texts.length),
      cleanTokens: 0,
      computeShare: 0,
    }),
    async corpus(corpus, { foreignTexts, random }) {
      const others = needed("foreignTexts", foreignTexts, kind);
      const foreign = Math.round(share * corpus.tokenCount);
      const own = someOf(
        corpus,
        corpus.tokenCount - foreign,
        shuffled([...corpus.texts.keys()], random),
      );
      const added = firstTokens("foreign", others, foreign);
      return corpusOf(
        [...own.texts, ...added],
        [...own.marked, ...added.map(() => false)],
        own.traces,
      );
    },
    retained: () => 1,
  };
}

/** `tokens` tokens of a corpus, its texts in the given order. */
function someOf(
  { texts, marked, traces }: Corpus,
  tokens: number,
  order: readonly number[],
): Corpus {
  const kept = firstTokens(
    "own",
    order.map((t) => texts[t]),
    tokens,
  );
  const places = order.slice(0, kept.length);
  return corpusOf(
    kept,
    places.map((t) => marked[t]),
    traces === undefined ? undefined : places.map((t) => traces[t]),
  );
}
