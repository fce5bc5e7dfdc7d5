import { dipSeed, hexBytes, productModulo } from "@verdigris/core/primitives";
import { robustRatio } from "@verdigris/detector/peers";
import * as z from "zod";
import { type Comparison, integer, reals } from "../../comparison.js";
import { bindMark } from "../../profiles.js";
import { type Section, section } from "../../section.js";
import { createKernel } from "@verdigris/core";
import { ids, markLlmBinder } from "./bind.js";

const step = z.object({ vocab_size: z.int(), logits: reals });
const keyed = step.extend({
  prefix_length: z.int(),
  hash_key_hex: z.string(),
  input_ids: ids,
  seed: z.int(),
  output: reals,
});

const schema = z.discriminatedUnion("alg", [
  keyed.extend({ alg: z.literal("DIP"), alpha: z.number() }),
  keyed.extend({ alg: z.literal("Unbiased-gamma") }),
  keyed.extend({ alg: z.literal("Unbiased-delta") }),
  step.extend({
    alg: z.literal("EXP"),
    hash_key: integer,
    prefix_length: z.int(),
    input_ids: ids,
    seed: integer,
    top_k: z.int(),
    token: z.int(),
  }),
  step.extend({
    alg: z.literal("SynthID-distortionary-3"),
    temperature: z.number(),
    ngram_len: z.int(),
    keys: z.array(integer),
    sampling_table_seed: integer,
    output_first_call: reals,
  }),
]);

/** One step of the reweighting marks. */
export function reweights(): Section {
  const kernel = createKernel();
  const bind = markLlmBinder(kernel);
  return section(schema, (record, compare) => {
    const { vocab_size: V } = record;
    const logits = Float32Array.from(record.logits);
    if (record.alg === "SynthID-distortionary-3") {
      const scheme = bindMark(
        {
          scheme: "synthid",
          prf: "synthid-table-v1",
          V,
          h: record.ngram_len - 1,
          seeding: "self",
          parameters: {
            depth: record.keys.length,
            leaves: 3,
            statistic: "mean",
            tableSize: 65_536,
            tableSeed: Number(record.sampling_table_seed),
          },
          key: record.keys.join(","),
        },
        kernel,
      );
      logits.forEach((logit, id) => (logits[id] = logit / record.temperature));
      scheme.reweight(new Uint32Array(record.ngram_len - 1), logits);
      compareP("output_first_call", { found: logits, expected: record.output_first_call }, compare);
      return;
    }
    const tokens = Uint32Array.from(record.input_ids);
    const h = record.prefix_length;
    if (record.alg === "EXP") {
      const product = productModulo(tokens, { start: tokens.length - h, end: tokens.length }, V);
      compare.equal("seed", record.hash_key * BigInt(product), record.seed);
      const scheme = bind({
        scheme: "markllm-exp",
        V,
        h,
        key: String(record.hash_key),
        parameters: {},
      });
      const order = [...logits.keys()].sort((a, b) => logits[b] - logits[a] || a - b);
      const kept = Uint32Array.from(record.top_k > 0 ? order.slice(0, record.top_k) : order);
      const scores = Float32Array.from(kept, (id) => logits[id]);
      scheme.reweight(tokens, scores, kept);
      compare.equal("token", kept[scores.indexOf(0)], record.token);
      return;
    }
    compare.equal(
      "seed",
      dipSeed(hexBytes(record.hash_key_hex), h)(tokens, tokens.length),
      record.seed,
    );
    const delta = record.alg === "Unbiased-delta";
    const alpha = record.alg === "DIP" ? record.alpha : 0.5;
    const parameters = { reweight: delta ? "delta" : "dip", alpha, gamma: 0.5 };
    bind({ scheme: "dip", V, h, key: `hex:${record.hash_key_hex}`, parameters }).reweight(
      tokens,
      logits,
    );
    const expected = record.output;
    expected.forEach((value, id) =>
      compare.close(`output[${id}]`, logits[id], value, { absolute: 2e-4 }),
    );
  });
}

/** The maximin log-likelihood ratio of the unbiased marks. */
export const unbiasedLlr = section(
  z.object({
    p_logits: z.array(reals),
    q_logits: z.array(reals),
    dist_q: z.array(z.number()),
    llr: z.array(reals),
    max_llr: z.array(reals),
    min_llr: z.array(reals),
  }),
  (record, compare) => {
    record.p_logits.forEach((p, t) => {
      const found = robustRatio(softmax(p), softmax(record.q_logits[t]), record.dist_q);
      const near = { absolute: 1e-4, relative: 1e-5 };
      compare.allClose(`llr[${t}]`, found.llr, record.llr[t], near);
      compare.allClose(`max_llr[${t}]`, found.max, record.max_llr[t], near);
      compare.allClose(`min_llr[${t}]`, found.min, record.min_llr[t], near);
    });
  },
);

/** Probabilities to 2e-5; the peer's logarithms of next to nothing are float32 noise. */
function compareP(
  name: string,
  { found, expected }: { readonly found: Float32Array; readonly expected: readonly number[] },
  compare: Comparison,
): void {
  compare.equal(`${name}.length`, found.length, expected.length);
  expected.forEach((value, id) => {
    compare.close(`exp(${name}[${id}])`, Math.exp(found[id]), Math.exp(value), { absolute: 2e-5 });
    if (value > -10) compare.close(`${name}[${id}]`, found[id], value, { absolute: 1e-3 });
  });
}

function softmax(logits: readonly number[]): Float64Array {
  const top = Math.max(...logits);
  const weights = Float64Array.from(logits, (logit) => Math.exp(logit - top));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
