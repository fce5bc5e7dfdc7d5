import {
  expectedMeanGValue,
  synthIdPrf,
  synthIdStart,
  synthIdTable,
  toSigned,
  word64,
} from "@verdigris/core/primitives";
import { posterior } from "@verdigris/detector";
import { synthIdMasks, synthIdScore } from "@verdigris/detector/peers";
import * as z from "zod";
import { integer, real, reals } from "../../comparison.js";
import { type Section, type VectorFile, section } from "../../section.js";
import { hashOf, variant } from "./variant.js";

const ids = z.array(z.int());
/** Detection remembers this many contexts where a record does not say. */
const HISTORY = 1024;

/**
 * `keys30`: the layer keys of the records that name only a depth. @throws Error naming the field, where a record needs
 * it and the file has none, or too few
 */
export function layerKeys(file: VectorFile): LayerKeys {
  const parsed = z.array(integer).safeParse(file["keys30"]);
  const keys = parsed.success ? parsed.data : [];
  return (depth) => {
    if (keys.length >= depth) return keys.slice(0, depth);
    throw new TypeError(`keys30: expected ${depth} whole numbers or more, got ${keys.length}`);
  };
}

/** The first `depth` of a file's layer keys. */
export type LayerKeys = (depth: number) => readonly bigint[];

/** Character l of a string is layer l. */
function bits(word: number, depth: number): string {
  return Array.from({ length: depth }, (_, l) => (word >>> l) & 1).join("");
}

function bytes(words: Uint32Array, depth: number): Uint8Array {
  const out = new Uint8Array(words.length * depth);
  words.forEach((word, i) => {
    for (let l = 0; l < depth; l++) out[i * depth + l] = (word >>> l) & 1;
  });
  return out;
}

/** `sampling_table`. */
export const samplingTable = section(
  z.object({
    seed: integer,
    size: z.int(),
    ones: z.int(),
    first64: z.string(),
    last64: z.string(),
    sha256_u8: z.string(),
  }),
  (record, compare) => {
    const table = synthIdTable(record.size, record.seed);
    compare.equal(
      "ones",
      table.reduce((sum, one) => sum + one, 0),
      record.ones,
    );
    compare.equal("first64", table.slice(0, 64).join(""), record.first64);
    compare.equal("last64", table.slice(-64).join(""), record.last64);
    compare.digest("sha256_u8", table, record.sha256_u8);
  },
);

/** `g_values`. */
export const gValues = section(
  variant.extend({
    ngram_len: z.int().min(1),
    keys: z.array(integer),
    hash_iv: integer.optional(),
    input_ids: ids,
    ngram_keys_first_ngram: z.array(integer),
    g_values: z.array(z.string()),
  }),
  (record, compare) => {
    const { keys, ngram_len: n } = record;
    const prf = synthIdPrf(keys, hashOf(record));
    const start = record.variant === "head" ? synthIdStart(keys) : 1n;
    compare.equal("hash_iv", start, record.hash_iv ?? start);
    const tokens = Uint32Array.from(record.input_ids);
    const state = word64();
    prf.state(tokens, { start: 0, end: n }, state);
    const hash = word64();
    const layers = keys.map((_, layer) => {
      prf.layerHash(state, layer, hash);
      return toSigned(hash);
    });
    compare.equal("ngram_keys_first_ngram", layers, record.ngram_keys_first_ngram);
    const { words } = synthIdMasks(prf, tokens, { h: n - 1, eosToken: null, historySize: HISTORY });
    compare.equal(
      "g_values",
      Array.from(words, (word) => bits(word, keys.length)),
      record.g_values,
    );
  },
);

/** `full_vocab`. */
export function fullVocabulary(keys: LayerKeys): Section {
  return section(
    variant.extend({
      vocab_size: z.int(),
      ngram_len: z.int(),
      depth: z.int(),
      context: ids,
      context_hash: integer,
      sum_per_depth: ids,
      first3_tokens: z.array(z.string()),
      sha256_u8_token_major: z.string(),
    }),
    (record, compare) => {
      const { depth, vocab_size: V } = record;
      const prf = synthIdPrf(keys(depth), hashOf(record));
      const context = Uint32Array.from(record.context);
      const state = word64();
      prf.state(context, { start: 0, end: context.length }, state);
      compare.equal("context.length", context.length, record.ngram_len - 1);
      compare.equal("context_hash", toSigned(state), record.context_hash);
      const words = Uint32Array.from({ length: V }, (_, token) => {
        const after = { ...state };
        prf.push(after, token);
        return prf.word(after);
      });
      const all = bytes(words, depth);
      const sums = Array.from({ length: depth }, (_, l) =>
        words.reduce((sum, word) => sum + ((word >>> l) & 1), 0),
      );
      compare.equal("sum_per_depth", sums, record.sum_per_depth);
      compare.equal(
        "first3_tokens",
        Array.from(words.slice(0, 3), (word) => bits(word, depth)),
        record.first3_tokens,
      );
      compare.digest("sha256_u8_token_major", all, record.sha256_u8_token_major);
    },
  );
}

/** `detection`: masks and means. */
export function detection(keys: LayerKeys): Section {
  return section(
    variant.extend({
      ngram_len: z.int(),
      depth: z.int(),
      input_ids: ids,
      eos_token_id: z.int().nullable(),
      context_repetition_mask: z.string().optional(),
      eos_mask: z.string().optional(),
      combined_mask: z.string(),
      g_values_sha256_u8: z.string(),
      mean_score: real,
      mean_score_jax_f32: real,
      weighted_mean_score: real,
      weighted_mean_score_jax_f32: real,
    }),
    (record, compare) => {
      const { depth } = record;
      const prf = synthIdPrf(keys(depth), hashOf(record));
      const masks = synthIdMasks(prf, Uint32Array.from(record.input_ids), {
        h: record.ngram_len - 1,
        eosToken: record.eos_token_id,
        historySize: HISTORY,
      });
      if (record.context_repetition_mask !== undefined) {
        compare.equal(
          "context_repetition_mask",
          masks.repetition.join(""),
          record.context_repetition_mask,
        );
      }
      if (record.eos_mask !== undefined)
        compare.equal("eos_mask", masks.eos.join(""), record.eos_mask);
      compare.equal("combined_mask", masks.combined.join(""), record.combined_mask);
      compare.digest("g_values_sha256_u8", bytes(masks.words, depth), record.g_values_sha256_u8);
      const mean = synthIdScore(masks.words, masks.combined, { depth, weighted: false });
      const weighted = synthIdScore(masks.words, masks.combined, { depth, weighted: true });
      compare.close("mean_score", mean, record.mean_score, { relative: 1e-12 });
      compare.close("mean_score_jax_f32", mean, record.mean_score_jax_f32, { relative: 1e-6 });
      compare.close("weighted_mean_score", weighted, record.weighted_mean_score, {
        relative: 1e-12,
      });
      compare.close("weighted_mean_score_jax_f32", weighted, record.weighted_mean_score_jax_f32, {
        relative: 1e-6,
      });
    },
  );
}

/** `bayesian`: the posterior of given weights. */
export const bayesian = section(
  z.object({
    depth: z.int(),
    prior: z.number(),
    beta: reals,
    delta_row_major: reals,
    g_values: z.array(z.array(z.string())),
    mask: z.array(z.string()),
    posterior: reals,
  }),
  (record, compare) => {
    const { depth, prior } = record;
    const model = {
      depth,
      prior,
      beta: Float64Array.from(record.beta),
      delta: Float64Array.from(record.delta_row_major),
    };
    const found = record.g_values.map((rows, i) => {
      const words = Uint32Array.from(rows, (text) =>
        [...text].reduce((word, bit, l) => word + Number(bit) * 2 ** l, 0),
      );
      return posterior(model, words, Uint8Array.from(record.mask[i], Number));
    });
    compare.allClose("posterior", found, record.posterior, { absolute: 1e-4 });
  },
);

/** `expected_mean_g_value`. */
export const expected = section(
  z.object({ vocab_size: z.int(), num_leaves: z.int().default(2), value: z.number() }),
  (record, compare) => {
    const value = expectedMeanGValue(record.vocab_size, record.num_leaves);
    compare.close("value", value, record.value, { relative: 1e-12 });
  },
);
