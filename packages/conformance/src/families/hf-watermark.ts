import { type Scheme, createKernel } from "@verdigris/core";
import { HASH_TABLE_SIZE, toUnsigned, windowSeed, word64 } from "@verdigris/core/primitives";
import { hfDetect } from "@verdigris/detector/peers";
import * as z from "zod";
import { idList, integer, real, reals } from "../comparison.js";
import { biasedIds, bindMark, checkCoins, formulaLogits } from "../profiles.js";
import { type VectorFamily, section } from "../section.js";

const mark = z.object({
  vocab_size: z.int().min(1),
  seeding_scheme: z.enum(["lefthash", "selfhash"]),
  context_width: z.int().min(1),
  hashing_key: integer,
  greenlist_ratio: z.number(),
});

/** The families' shared hash tables, one kernel a file run. */
export function hfWatermark(): VectorFamily {
  const kernel = createKernel();

  function bind(record: z.infer<typeof mark>, delta = 2): Scheme {
    const left = record.seeding_scheme === "lefthash";
    return bindMark(
      {
        scheme: "hf-green-list",
        prf: "torch-mt19937-v1",
        V: record.vocab_size,
        h: left ? 1 : record.context_width - 1,
        seeding: left ? "left" : "self",
        parameters: { gamma: record.greenlist_ratio, delta, contextWidth: record.context_width },
        key: String(record.hashing_key),
      },
      kernel,
    );
  }

  const fixedTable = section(
    z.object({
      hashing_key: integer,
      table_size: z.int(),
      first16: z.array(z.int()),
      last16: z.array(z.int()),
      sha256_i32le: z.string(),
    }),
    (record, compare) => {
      const table = kernel.torch.permutation(
        Number(BigInt.asUintN(32, record.hashing_key)),
        HASH_TABLE_SIZE,
      );
      compare.equal("table_size", table.length, record.table_size);
      compare.part("first16", table.slice(0, 16), record.first16);
      compare.part("last16", table.slice(-16), record.last16);
      compare.digest("sha256_i32le", table, record.sha256_i32le);
    },
  );

  const greenlists = section(
    mark.extend({
      context: z.array(z.int()),
      seed_before_mod: integer,
      seed: integer,
      greenlist: idList,
    }),
    (record, compare) => {
      const scheme = bind(record);
      const left = record.seeding_scheme === "lefthash";
      const context = Uint32Array.from(record.context);
      const width = left ? 1 : record.context_width;
      const table = kernel.torch.permutation(
        Number(BigInt.asUintN(32, record.hashing_key)),
        HASH_TABLE_SIZE,
      );
      const seed = word64();
      windowSeed(left ? "additive_prf" : "anchored_minhash_prf", record.hashing_key, table)(
        context,
        { start: context.length - width, end: context.length },
        seed,
      );
      const modulus = 2n ** 64n - 1n;
      const before = ((record.seed_before_mod % modulus) + modulus) % modulus;
      compare.equal("seed", toUnsigned(seed), record.seed);
      compare.equal("seed_before_mod, reduced", before, record.seed);
      const k = Math.trunc(record.vocab_size * record.greenlist_ratio);
      const list = new Uint32Array(k);
      kernel.torch.head(seed.lo, { V: record.vocab_size, k }, list);
      compare.ids("greenlist", list, record.greenlist, { ordered: true });
      checkCoins(scheme, { context, seed: seed.lo, list: new Set(list) }, compare);
    },
  );

  const step = mark.extend({ bias: z.number(), input_ids: z.array(z.int()) });
  const processor = section(
    z.union([
      step.extend({
        logits: reals,
        biased_ids: z.array(z.int()),
        biased_logits: reals,
      }),
      step.extend({
        formula_logits_c: z.int(),
        biased: idList,
        biased_logits_sha256_f32le: z.string(),
      }),
    ]),
    (record, compare) => {
      const before =
        "logits" in record
          ? Float32Array.from(record.logits)
          : formulaLogits(record.vocab_size, record.formula_logits_c);
      const after = before.slice();
      bind(record, record.bias).reweight(Uint32Array.from(record.input_ids), after);
      const biased = biasedIds(before, after);
      if ("logits" in record) {
        compare.part("biased_ids", biased, record.biased_ids);
        compare.equal("biased_logits", after, Float32Array.from(record.biased_logits));
      } else {
        compare.ids("biased", biased, record.biased, { ordered: false });
        compare.digest("biased_logits_sha256_f32le", after, record.biased_logits_sha256_f32le);
      }
    },
  );

  const result = z.object({
    ignore_repeated_ngrams: z.boolean(),
    num_tokens_scored: z.int(),
    num_green_tokens: z.int(),
    green_fraction: real,
    z_score: real,
    p_value: real,
    prediction_z3: z.boolean(),
  });
  const detector = section(
    mark.extend({
      bos_token_id: z.int().nullable(),
      input_ids: z.array(z.int()),
      results: z.array(result),
      results_transformers_4_46_3: z.array(result).optional(),
    }),
    (record, compare) => {
      const scheme = bind(record);
      const { bos_token_id: bos, input_ids: ids } = record;
      const tokens = Uint32Array.from(ids[0] === bos ? ids.slice(1) : ids);
      const eras = { current: record.results, "until-5.16": record.results_transformers_4_46_3 };
      for (const era of ["current", "until-5.16"] as const) {
        for (const expected of eras[era] ?? []) {
          const found = hfDetect(scheme, tokens, {
            contextWidth: record.context_width,
            gamma: record.greenlist_ratio,
            ignoreRepeated: expected.ignore_repeated_ngrams,
            era,
          });
          compare.equal(
            `${era}: num_tokens_scored`,
            found.numTokensScored,
            expected.num_tokens_scored,
          );
          compare.equal(
            `${era}: num_green_tokens`,
            found.numGreenTokens,
            expected.num_green_tokens,
          );
          compare.close(`${era}: green_fraction`, found.greenFraction, expected.green_fraction, {
            relative: 1e-12,
          });
          compare.close(`${era}: z_score`, found.zScore, expected.z_score, {
            relative: 1e-12,
            absolute: 1e-12,
          });
          compare.close(`${era}: p_value`, found.pValue, expected.p_value, {
            relative: 1e-10,
            absolute: 1e-15,
          });
          compare.equal(`${era}: prediction_z3`, found.prediction, expected.prediction_z3);
        }
      }
    },
  );

  return {
    name: "hf_watermark",
    about: [],
    sections: { fixed_table: fixedTable, greenlists, processor, detector },
  };
}
