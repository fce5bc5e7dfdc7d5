import { textSealGenerate } from "@verdigris/detector/peers";
import * as z from "zod";
import { integer, reals } from "../comparison.js";
import { section } from "../section.js";

/** What TextSeal samples from after its mark: probabilities, or the token itself. */
export const textSealGenerators = section(
  z.object({
    watermark_type: z.enum([
      "greenlist",
      "gumbelmax",
      "synthid",
      "synthid-weighted",
      "dipmark",
      "morphmark",
    ]),
    secret_key: integer,
    ngram_tokens: z.array(z.int()),
    gamma: z.number(),
    delta: z.number(),
    alpha: z.number(),
    depth: z.int(),
    after_topp: z.boolean(),
    temperature: z.number(),
    top_p: z.number(),
    logits: reals,
    probs: reals.optional(),
    token: z.int().optional(),
  }),
  (record, compare) => {
    const p = textSealGenerate(Float32Array.from(record.logits), {
      mark: record.watermark_type,
      key: record.secret_key,
      context: Uint32Array.from(record.ngram_tokens),
      gamma: record.gamma,
      delta: record.delta,
      alpha: record.alpha,
      depth: record.depth,
      temperature: record.temperature,
      topP: record.top_p,
    });
    if (record.probs !== undefined) compare.allClose("probs", p, record.probs, { absolute: 1e-5 });
    if (record.token !== undefined) compare.equal("token", p.indexOf(1), record.token);
  },
);
