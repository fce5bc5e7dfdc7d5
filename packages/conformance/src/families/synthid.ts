import { type Scheme, createKernel } from "@verdigris/core";
import {
  type SynthIdHash,
  type SynthIdPrf,
  SynthIdHistory,
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
import { type Comparison, integer } from "../comparison.js";
import { bindMark, formulaLogits } from "../profiles.js";
import { type VectorFamily, section } from "../section.js";

const ids = z.array(z.int());
const row = z.array(z.union([z.number(), z.enum(["inf", "-inf", "nan"]).transform(Number)]));
const KEYS30 = [
  654, 400, 836, 123, 340, 443, 597, 160, 57, 29, 590, 639, 13, 715, 468, 990, 966, 226, 324, 585,
  118, 504, 421, 521, 129, 669, 732, 225, 90, 960,
].map(BigInt);
/** Detection remembers this many contexts where a record does not say. */
const HISTORY = 1024;

const variant = z.object({
  variant: z.enum(["pypi", "head"]).default("pypi"),
  sampling_table_seed: integer.nullable(),
  sampling_table_size: z.int().default(65_536),
});

function hashOf(record: z.infer<typeof variant>): SynthIdHash {
  if (record.variant === "head") return { kind: "chain" };
  return {
    kind: "table",
    size: record.sampling_table_size,
    seed: record.sampling_table_seed ?? 0n,
  };
}

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

const samplingTable = section(
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

const gValues = section(
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

const fullVocabulary = section(
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
    const prf = synthIdPrf(KEYS30.slice(0, depth), hashOf(record));
    const context = Uint32Array.from(record.context);
    const state = word64();
    prf.state(context, { start: 0, end: context.length }, state);
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

const detection = section(
  variant.extend({
    ngram_len: z.int(),
    depth: z.int(),
    input_ids: ids,
    eos_token_id: z.int().nullable(),
    context_repetition_mask: z.string().optional(),
    eos_mask: z.string().optional(),
    combined_mask: z.string(),
    g_values_sha256_u8: z.string(),
    mean_score: z.number(),
    mean_score_jax_f32: z.number(),
    weighted_mean_score: z.number(),
    weighted_mean_score_jax_f32: z.number(),
  }),
  (record, compare) => {
    const { depth } = record;
    const prf = synthIdPrf(KEYS30.slice(0, depth), hashOf(record));
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
    compare.close("weighted_mean_score", weighted, record.weighted_mean_score, { relative: 1e-12 });
    compare.close("weighted_mean_score_jax_f32", weighted, record.weighted_mean_score_jax_f32, {
      relative: 1e-6,
    });
  },
);

const bayesian = section(
  z.object({
    depth: z.int(),
    prior: z.number(),
    beta: z.array(z.number()),
    delta_row_major: z.array(z.number()),
    g_values: z.array(z.array(z.string())),
    mask: z.array(z.string()),
    posterior: z.array(z.number()),
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

const expected = section(
  z.object({ vocab_size: z.int(), num_leaves: z.int().default(2), value: z.number() }),
  (record, compare) => {
    const value = expectedMeanGValue(record.vocab_size, record.num_leaves);
    compare.close("value", value, record.value, { relative: 1e-12 });
  },
);

const steps = variant.extend({
  vocab_size: z.int(),
  ngram_len: z.int(),
  keys: z.array(integer),
  context_history_size: z.int(),
  skip_first_ngram_calls: z.boolean(),
});

/** A generation as the peers keep it: a context that starts as zeros, and a memory of contexts. */
class Generation {
  readonly #prf: SynthIdPrf;
  readonly #history: SynthIdHistory;
  readonly #skipFirst: boolean;
  readonly scheme: Scheme;
  #context: number[];
  #calls = 0;

  constructor(record: z.infer<typeof steps>, scheme: Scheme) {
    this.#prf = synthIdPrf(record.keys, hashOf(record));
    this.#history = new SynthIdHistory(record.context_history_size);
    this.#skipFirst = record.skip_first_ngram_calls;
    this.scheme = scheme;
    this.#context = Array.from({ length: record.ngram_len - 1 }, () => 0);
  }

  /** Takes the newest token; false if this step stays unmarked. */
  step(last: number): boolean {
    if (this.#calls++ > 0) this.#context = [...this.#context.slice(1), last];
    const state = word64();
    this.#prf.state(this.context, { start: 0, end: this.#context.length }, state);
    const repeats = this.#history.repeats(state);
    return !repeats && !(this.#skipFirst && this.#calls < this.#context.length + 1);
  }

  get context(): Uint32Array {
    return Uint32Array.from(this.#context);
  }
}

/** Vectors of transformers' SynthID: `hf_synthid.json`. */
export function hfSynthId(): VectorFamily {
  const bind = binder();
  const step = z.object({
    input_ids_last: z.int(),
    logits: row,
    output: row,
    unchanged: z.boolean(),
  });
  const processor = section(steps.extend({ steps: z.array(step) }), (record, compare) => {
    const generation = new Generation(record, bind(record, 2));
    record.steps.forEach(({ input_ids_last, logits, output, unchanged }, i) => {
      const marked = generation.step(input_ids_last);
      compare.equal(`steps[${i}].unchanged`, !marked, unchanged);
      const scores = Float32Array.from(logits);
      if (marked) generation.scheme.reweight(generation.context, scores);
      compareLogs(`steps[${i}].output`, { scores, expected: output }, compare);
    });
  });
  return {
    name: "hf_synthid",
    about: ["family", "keys30", "note"],
    sections: {
      sampling_table: samplingTable,
      g_values: gValues,
      full_vocab: fullVocabulary,
      processor_steps: processor,
      detection,
      bayesian,
      expected_mean_g_value: expected,
    },
  };
}

/** Vectors of synthid-text, PyPI 0.2.1 and GitHub: `synthid_text.json`. */
export function synthIdText(): VectorFamily {
  const bind = binder();
  const step = z.object({
    input_ids_last: z.int(),
    logits: row.optional(),
    formula_logits_c: z.int().optional(),
    updated_scores: row,
    top_k_indices: ids.nullable(),
    scaled_scores: row.nullable(),
    unchanged: z.boolean(),
  });
  const processor = section(
    steps.extend({
      temperature: z.number(),
      top_k: z.int(),
      apply_top_k: z.boolean(),
      num_leaves: z.int(),
      steps: z.array(step),
    }),
    (record, compare) => {
      const generation = new Generation(record, bind(record, record.num_leaves));
      const k = record.apply_top_k ? record.top_k : record.vocab_size;
      record.steps.forEach((expectedStep, i) => {
        const marked = generation.step(expectedStep.input_ids_last);
        compare.equal(`steps[${i}].unchanged`, !marked, expectedStep.unchanged);
        const { logits, formula_logits_c: c } = expectedStep;
        const given = logits ?? formulaLogits(record.vocab_size, c ?? NaN);
        const scaled = Float32Array.from(given, (logit) => Math.fround(logit / record.temperature));
        const order = [...scaled.keys()].sort((a, b) => scaled[b] - scaled[a] || a - b).slice(0, k);
        const kept = record.apply_top_k ? order : order.toSorted((a, b) => a - b);
        compare.part(`steps[${i}].top_k_indices`, kept, expectedStep.top_k_indices ?? undefined);
        const scores = Float32Array.from(kept, (id) => scaled[id]);
        if (expectedStep.scaled_scores !== null) {
          const near = { relative: 1e-6 };
          compare.allClose(`steps[${i}].scaled_scores`, scores, expectedStep.scaled_scores, near);
        }
        if (marked) generation.scheme.reweight(generation.context, scores, Uint32Array.from(kept));
        compareLogs(
          `steps[${i}].updated_scores`,
          { scores, expected: expectedStep.updated_scores },
          compare,
        );
      });
    },
  );
  return {
    name: "synthid_text",
    about: ["family", "keys30", "note"],
    sections: { g_values: gValues, processor_steps: processor, detection, expected },
  };
}

function binder(): (record: z.infer<typeof steps>, leaves: number) => Scheme {
  const kernel = createKernel();
  return (record, leaves) =>
    bindMark(
      {
        scheme: "synthid",
        prf: record.variant === "head" ? "synthid-chain-v1" : "synthid-table-v1",
        V: record.vocab_size,
        h: record.ngram_len - 1,
        seeding: "self",
        parameters: {
          depth: record.keys.length,
          leaves,
          statistic: "mean",
          tableSize: record.sampling_table_size,
          tableSeed: Number(record.sampling_table_seed ?? 0n),
        },
        key: record.keys.join(","),
      },
      kernel,
    );
}

/** The peers' float32 loses digits: probabilities to 2e-6, logarithms to 1e-3 where they are above −10. */
function compareLogs(
  name: string,
  {
    scores,
    expected: list,
  }: { readonly scores: Float32Array; readonly expected: readonly number[] },
  compare: Comparison,
): void {
  compare.equal(`${name}.length`, scores.length, list.length);
  for (let i = 0; i < list.length; i++) {
    compare.close(`exp(${name}[${i}])`, Math.exp(scores[i]), Math.exp(list[i]), {
      absolute: 2e-6,
      relative: 2e-6,
    });
    if (list[i] > -10) compare.close(`${name}[${i}]`, scores[i], list[i], { absolute: 1e-3 });
  }
}
