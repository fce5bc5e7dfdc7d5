import { hexBytes, synthIdPrf } from "@verdigris/core/primitives";
import {
  expGumbelP,
  markLlmDip,
  markLlmEwd,
  markLlmExpP,
  markLlmGreen,
  markLlmSweet,
  permuteAndFlip,
  synthIdMasks,
  synthIdScore,
} from "@verdigris/detector/peers";
import * as z from "zod";
import { integer, real } from "../../comparison.js";
import { type Section, section } from "../../section.js";
import { ids, markLlmBinder } from "./bind.js";

const text = z.object({ vocab_size: z.int(), input_ids: ids });
const keyed = text.extend({ gamma: z.number(), hash_key: integer, flags: ids });
const NEAR = { relative: 1e-12, absolute: 1e-12 };
const FLOAT32 = { relative: 1e-5, absolute: 1e-6 };

const schema = z.discriminatedUnion("alg", [
  keyed.extend({
    alg: z.literal("KGW"),
    f_scheme: z.enum(["time", "additive", "skip", "min"]),
    prefix_length: z.int(),
    z_score: real,
  }),
  keyed.extend({ alg: z.literal("Unigram"), z_score: real }),
  keyed.extend({
    alg: z.literal("SWEET"),
    prefix_length: z.int(),
    entropy: z.array(z.number()),
    entropy_threshold: z.number(),
    weights: ids,
    z_score: real,
  }),
  keyed.extend({
    alg: z.literal("EWD"),
    prefix_length: z.int(),
    entropy: z.array(z.number()),
    z_score_f32: real,
  }),
  text.extend({ alg: z.literal("EXP"), hash_key: integer, prefix_length: z.int(), p_value: real }),
  text.extend({
    alg: z.literal("DIP"),
    gamma: z.number(),
    hash_key_hex: z.string(),
    prefix_length: z.int(),
    ignore_history_detection: z.boolean(),
    flags: ids,
    z_score_f32: real,
  }),
  text.extend({
    alg: z.literal("EXPGumbel"),
    seed: integer,
    prefix_length: z.int(),
    p_value: real,
  }),
  text.extend({
    alg: z.literal("SynthID"),
    detector: z.enum(["mean", "weighted_mean"]),
    watermark_mode: z.string(),
    ngram_len: z.int(),
    eos_token_id: z.int().nullable(),
    keys: z.array(integer),
    sampling_table_seed: integer,
    score: real,
  }),
  text.extend({
    alg: z.literal("PF"),
    config: z.object({ ngram: z.int(), seed: integer, salt_key: integer, payload: z.int() }),
    n_none: z.int(),
    n_v2: z.int(),
    score_sum_none: real,
    score_sum_v2: real,
  }),
]);

/** MarkLLM's detectors. */
export function detectors(): Section {
  const bind = markLlmBinder();
  return section(schema, (record, compare) => {
    const { vocab_size: V } = record;
    const tokens = Uint32Array.from(record.input_ids);
    switch (record.alg) {
      case "KGW":
      case "Unigram": {
        const { gamma } = record;
        const key = String(record.hash_key);
        const scheme =
          record.alg === "Unigram"
            ? bind({ scheme: "unigram", V, h: 0, key, parameters: { gamma, delta: 2 } })
            : bind({
                scheme: "markllm-green-list",
                V,
                h: record.prefix_length,
                key,
                parameters: { gamma, delta: 2, fScheme: record.f_scheme },
              });
        const found = markLlmGreen(scheme, tokens, gamma);
        compare.equal("flags", found.flags, record.flags);
        compare.close("z_score", found.zScore, record.z_score, NEAR);
        return;
      }
      case "SWEET":
      case "EWD": {
        const { gamma, entropy, prefix_length: h } = record;
        const parameters = { gamma, delta: 2, entropyThreshold: null };
        const scheme = bind({
          scheme: "markllm-entropy",
          V,
          h,
          key: String(record.hash_key),
          parameters,
        });
        if (record.alg === "EWD") {
          const found = markLlmEwd(scheme, tokens, { gamma, entropy });
          compare.equal("flags", found.flags, record.flags);
          compare.close("z_score_f32", found.zScore, record.z_score_f32, FLOAT32);
          return;
        }
        const found = markLlmSweet(scheme, tokens, {
          gamma,
          entropy,
          threshold: record.entropy_threshold,
        });
        compare.equal("flags", found.flags, record.flags);
        compare.equal("weights", found.weights, record.weights);
        compare.close("z_score", found.zScore, record.z_score, NEAR);
        return;
      }
      case "EXP": {
        const scheme = bind({
          scheme: "markllm-exp",
          V,
          h: record.prefix_length,
          key: String(record.hash_key),
          parameters: {},
        });
        compare.close("p_value", markLlmExpP(scheme, tokens), record.p_value, FLOAT32);
        return;
      }
      case "DIP": {
        const { gamma, prefix_length: h } = record;
        const found = markLlmDip(tokens, {
          key: hexBytes(record.hash_key_hex),
          V,
          h,
          gamma,
          ignoreHistory: record.ignore_history_detection,
        });
        compare.equal("flags", found.flags, record.flags);
        compare.close("z_score_f32", found.zScore, record.z_score_f32, FLOAT32);
        return;
      }
      case "EXPGumbel": {
        const p = expGumbelP(tokens, { seed: record.seed, V, width: record.prefix_length });
        compare.close("p_value", p, record.p_value, FLOAT32);
        return;
      }
      case "SynthID": {
        const prf = synthIdPrf(record.keys, {
          kind: "table",
          size: 65_536,
          seed: record.sampling_table_seed,
        });
        const { words, combined, eos } = synthIdMasks(prf, tokens, {
          h: record.ngram_len - 1,
          eosToken: record.eos_token_id,
          historySize: 1024,
        });
        const weighted = record.detector === "weighted_mean";
        // In its distortionary mode MarkLLM scores repeated contexts, too.
        const mask = record.watermark_mode === "distortionary" ? eos : combined;
        const score = synthIdScore(words, mask, { depth: record.keys.length, weighted });
        compare.close("score", score, record.score, NEAR);
        return;
      }
      case "PF": {
        const { ngram, seed, salt_key, payload } = record.config;
        const scheme = bind({
          scheme: "three-bricks-gumbel",
          V,
          h: ngram,
          key: `${salt_key},${seed}`,
          parameters: { payload },
        });
        const all = permuteAndFlip(scheme, tokens, false);
        const distinct = permuteAndFlip(scheme, tokens, true);
        compare.equal("n_none", all.scored, record.n_none);
        compare.equal("n_v2", distinct.scored, record.n_v2);
        compare.close("score_sum_none", all.sum, record.score_sum_none, FLOAT32);
        compare.close("score_sum_v2", distinct.sum, record.score_sum_v2, FLOAT32);
      }
    }
  });
}
