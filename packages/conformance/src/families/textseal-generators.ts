import { createKernel } from "@verdigris/core";
import { textSealGenerate } from "@verdigris/detector/peers";
import * as z from "zod";
import { integer, reals } from "../comparison.js";
import { bindMark } from "../profiles.js";
import { section } from "../section.js";

const schema = z.object({
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
});

/** What TextSeal samples from after its mark: probabilities, or the token itself. */
export const textSealGenerators = section(schema, (record, compare) => {
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
  if (record.watermark_type.startsWith("synthid")) {
    compare.allClose("the scheme's probabilities", bySchemeOf(record, p), p, { absolute: 1e-5 });
  }
  if (record.probs !== undefined) compare.allClose("probs", p, record.probs, { absolute: 1e-5 });
  if (record.token !== undefined) compare.equal("token", p.indexOf(1), record.token);
});

/** The tournament of our scheme, on the tokens that truncation left. (V) */
function bySchemeOf(record: z.infer<typeof schema>, p: Float64Array): Float64Array {
  const kept = Uint32Array.from([...p.keys()].filter((id) => p[id] > 0));
  const logits = Float32Array.from(kept, (id) => record.logits[id] / record.temperature);
  const { depth, ngram_tokens: context } = record;
  const scheme = bindMark(
    {
      scheme: "textseal-synthid",
      prf: "textseal-hash-v1",
      V: p.length,
      h: context.length,
      seeding: "left",
      parameters: { depth, statistic: "mean" },
      key: String(record.secret_key),
    },
    createKernel(),
  );
  scheme.reweight(Uint32Array.from(context), logits, kept);
  const weights = Float64Array.from(logits, (logit) => Math.exp(logit));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const out = new Float64Array(p.length);
  kept.forEach((id, i) => (out[id] = weights[i] / total));
  return out;
}
