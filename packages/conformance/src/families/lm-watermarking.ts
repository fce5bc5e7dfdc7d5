import { type Scheme, createKernel } from "@verdigris/core";
import {
  HASH_TABLE_SEED,
  HASH_TABLE_SIZE,
  LM_PRFS,
  type SeedingScheme,
  parseSeedingScheme,
  toUnsigned,
  windowSeed,
  word64,
} from "@verdigris/core/primitives";
import { countNGrams, normalTail, winMax, zAtT, zOf } from "@verdigris/detector/peers";
import * as z from "zod";
import { type Comparison, idList, integer, real, reals } from "../comparison.js";
import { biasedIds, bindMark, checkCoins, formulaLogits } from "../profiles.js";
import { type VectorFamily, section } from "../section.js";

const ids = z.array(z.int());
const seedingScheme = z.string().transform((text, context): SeedingScheme => {
  const parsed = parseSeedingScheme(text);
  if (parsed !== null) return parsed;
  context.addIssue("expected a named seeding scheme or ff-<prf>-<width>-<True|False>[-<key>]");
  return z.NEVER;
});
const window = z.object({
  num_tokens_scored: z.int(),
  num_green_tokens: z.int(),
  z_score: real,
  p_value: real,
});
const NEAR = { relative: 1e-10, absolute: 1e-300 };
const FLOAT32 = { relative: 1e-6, absolute: 1e-6 };

interface LmMark {
  readonly V: number;
  readonly gamma: number;
  readonly scheme: SeedingScheme;
  readonly delta?: number;
  readonly tailRule?: string | null;
  readonly selectGreenTokens?: boolean;
}

/** Vectors of lm-watermarking: `lm_watermarking.json`. */
export function lmWatermarking(): VectorFamily {
  const kernel = createKernel();
  const table = kernel.torch.permutation(HASH_TABLE_SEED, HASH_TABLE_SIZE).slice();

  function bind({
    V,
    gamma,
    scheme,
    delta = 2,
    tailRule,
    selectGreenTokens = true,
  }: LmMark): Scheme {
    const { prf, width, selfSalt, key } = scheme;
    return bindMark(
      {
        scheme: "lm-watermarking",
        prf: "torch-mt19937-v1",
        V,
        h: selfSalt ? width - 1 : width,
        seeding: selfSalt ? "self" : "left",
        parameters: { gamma, delta, prf, selectGreenTokens, tailRule: tailRule ?? "fixed_compute" },
        key: String(key),
      },
      kernel,
    );
  }

  const hashint = section(z.object({ x: integer, hashint: z.int() }), (record, compare) => {
    const size = BigInt(HASH_TABLE_SIZE);
    const at = Number(((record.x % size) + size) % size);
    compare.equal("hashint", table[at] + 1, record.hashint);
  });

  const fixedTable = section(
    z.object({ seed: integer, size: z.int(), first16: ids, sha256_i32le: z.string() }),
    (record, compare) => {
      compare.equal("seed", HASH_TABLE_SEED, record.seed);
      compare.equal("size", table.length, record.size);
      compare.part("first16", table.slice(0, 16), record.first16);
      compare.digest("sha256_i32le", table, record.sha256_i32le);
    },
  );

  const prf = section(
    z.object({ prf: z.enum(LM_PRFS), salt_key: integer, ids, prf_key: integer, seed: integer }),
    (record, compare) => {
      const out = word64();
      const tokens = Uint32Array.from(record.ids);
      windowSeed(record.prf, record.salt_key, table)(tokens, { start: 0, end: tokens.length }, out);
      const modulus = 2n ** 64n - 1n;
      compare.equal("seed", toUnsigned(out), record.seed);
      compare.equal(
        "prf_key, reduced",
        toUnsigned(out),
        ((record.prf_key % modulus) + modulus) % modulus,
      );
    },
  );

  const greenlists = section(
    z.object({
      vocab_size: z.int(),
      seeding_scheme: seedingScheme,
      gamma: z.number(),
      select_green_tokens: z.boolean(),
      context: ids,
      seed: integer,
      greenlist: idList,
    }),
    (record, compare) => {
      const { vocab_size: V, gamma, seeding_scheme: scheme, select_green_tokens: first } = record;
      const context = Uint32Array.from(record.context);
      const seed = word64();
      const end = context.length;
      windowSeed(scheme.prf, scheme.key ?? 0n, table)(
        context,
        { start: end - scheme.width, end },
        seed,
      );
      compare.equal("seed", toUnsigned(seed), record.seed);
      const k = Math.trunc(V * gamma);
      const whole = new Uint32Array(first ? k : V);
      kernel.torch.head(seed.lo, { V, k: whole.length }, whole);
      const list = whole.slice(whole.length - k);
      compare.ids("greenlist", list, record.greenlist, { ordered: true });
      const bound = bind({ V, gamma, scheme, selectGreenTokens: first });
      checkCoins(bound, { context, seed: seed.lo, list: new Set(list) }, compare);
    },
  );

  const processor = section(
    z.object({
      vocab_size: z.int(),
      seeding_scheme: seedingScheme,
      tail_rule: z.string().nullable(),
      gamma: z.number(),
      delta: z.number(),
      input_ids: ids,
      formula_logits_c: z.int(),
      biased: idList,
      biased_logits_sha256_f32le: z.string(),
    }),
    (record, compare) => {
      const before = formulaLogits(record.vocab_size, record.formula_logits_c);
      const after = before.slice();
      const { gamma, delta, seeding_scheme: scheme, tail_rule: tailRule } = record;
      bind({ V: record.vocab_size, gamma, delta, scheme, tailRule }).reweight(
        Uint32Array.from(record.input_ids),
        after,
      );
      compare.ids("biased", biasedIds(before, after), record.biased, { ordered: false });
      compare.digest("biased_logits_sha256_f32le", after, record.biased_logits_sha256_f32le);
    },
  );

  const detectorExtended = section(
    window.extend({
      vocab_size: z.int(),
      seeding_scheme: seedingScheme,
      gamma: z.number(),
      ignore_repeated_ngrams: z.boolean(),
      input_ids: ids,
      green_fraction: real,
      green_token_mask: z.string(),
      z_score_at_T_f32: reals,
      window_20_40: window,
      window_max: window,
    }),
    (record, compare) => {
      const { gamma, seeding_scheme: scheme, ignore_repeated_ngrams: distinct } = record;
      const tokens = Uint32Array.from(record.input_ids);
      const n = scheme.selfSalt ? scheme.width : scheme.width + 1;
      const bound = bind({ V: record.vocab_size, gamma, scheme });
      const { mask, flags, scored, green } = countNGrams(bound, tokens, { n, distinct });
      compare.close("green_fraction", green / scored, record.green_fraction, NEAR);
      compare.equal("green_token_mask", mask.join(""), record.green_token_mask);
      compareWindow(
        "",
        { scored, green, zScore: zOf(green, scored, gamma) },
        { compare, record, near: NEAR },
      );
      const grams = Array.from(mask, (_, i) =>
        distinct ? tokens.subarray(i, i + n).join() : String(i),
      );
      compare.allClose(
        "z_score_at_T_f32",
        zAtT(mask, grams, gamma),
        record.z_score_at_T_f32,
        FLOAT32,
      );
      const all = Array.from({ length: flags.length - 1 }, (_, i) => i + 1);
      const scans = { window_20_40: [20, 40], window_max: all } as const;
      for (const name of ["window_20_40", "window_max"] as const) {
        const found = winMax(flags, scans[name], gamma);
        compareWindow(`${name}.`, found, {
          compare,
          record: record[name],
          near: { relative: 1e-5 },
        });
      }
    },
  );

  const detectorBasic = section(
    window.extend({
      vocab_size: z.int(),
      gamma: z.number(),
      hash_key: integer,
      ignore_repeated_bigrams: z.boolean(),
      input_ids: ids,
      green_fraction: real,
    }),
    (record, compare) => {
      const { gamma, vocab_size: V } = record;
      const scheme = {
        prf: "additive_prf",
        width: 1,
        selfSalt: false,
        key: record.hash_key,
      } as const;
      const tokens = Uint32Array.from(record.input_ids);
      const { scored, green } = countNGrams(bind({ V, gamma, scheme }), tokens, {
        n: 2,
        distinct: record.ignore_repeated_bigrams,
      });
      compareWindow(
        "",
        { scored, green, zScore: zOf(green, scored, gamma) },
        { compare, record, near: NEAR },
      );
      compare.close("green_fraction", green / scored, record.green_fraction, NEAR);
    },
  );

  return {
    name: "lm_watermarking",
    about: [],
    sections: {
      hashint,
      fixed_table: fixedTable,
      prf,
      greenlists,
      processor,
      detector_extended: detectorExtended,
      detector_basic: detectorBasic,
    },
  };
}

function compareWindow(
  prefix: string,
  found: { readonly scored: number; readonly green: number; readonly zScore: number },
  to: {
    readonly compare: Comparison;
    readonly record: z.infer<typeof window>;
    readonly near: { readonly relative: number };
  },
): void {
  const { compare, record, near } = to;
  compare.equal(`${prefix}num_tokens_scored`, found.scored, record.num_tokens_scored);
  compare.equal(`${prefix}num_green_tokens`, found.green, record.num_green_tokens);
  compare.close(`${prefix}z_score`, found.zScore, record.z_score, { relative: 1e-6 });
  compare.close(`${prefix}p_value`, normalTail(found.zScore), record.p_value, near);
}
