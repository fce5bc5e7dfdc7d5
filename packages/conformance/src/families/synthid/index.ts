import { type Scheme, createKernel } from "@verdigris/core";
import { type SynthIdPrf, SynthIdHistory, synthIdPrf, word64 } from "@verdigris/core/primitives";
import * as z from "zod";
import { type Comparison, integer, reals } from "../../comparison.js";
import { bindMark, formulaLogits } from "../../profiles.js";
import { type VectorFamily, type VectorFile, section } from "../../section.js";
import {
  bayesian,
  detection,
  expected,
  fullVocabulary,
  gValues,
  layerKeys,
  samplingTable,
} from "./values.js";
import { hashOf, variant } from "./variant.js";

const ids = z.array(z.int());

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
    // A skipped call does not enter the memory.
    if (this.#skipFirst && this.#calls < this.#context.length + 1) return false;
    const state = word64();
    this.#prf.state(this.context, { start: 0, end: this.#context.length }, state);
    return !this.#history.repeats(state);
  }

  get context(): Uint32Array {
    return Uint32Array.from(this.#context);
  }
}

/** Vectors of transformers' SynthID: `hf_synthid.json`. */
export function hfSynthId(file: VectorFile): VectorFamily {
  const keys = layerKeys(file);
  const bind = binder();
  const step = z.object({
    input_ids_last: z.int(),
    logits: reals,
    output: reals,
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
    about: ["keys30"],
    sections: {
      sampling_table: samplingTable,
      g_values: gValues,
      full_vocab: fullVocabulary(keys),
      processor_steps: processor,
      detection: detection(keys),
      bayesian,
      expected_mean_g_value: expected,
    },
  };
}

/** Vectors of synthid-text, PyPI 0.2.1 and GitHub: `synthid_text.json`. */
export function synthIdText(file: VectorFile): VectorFamily {
  const keys = layerKeys(file);
  const bind = binder();
  const step = z.object({
    input_ids_last: z.int(),
    logits: reals.optional(),
    formula_logits_c: z.int().optional(),
    updated_scores: reals,
    top_k_indices: ids.nullable(),
    scaled_scores: reals.nullable(),
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
    about: ["keys30"],
    sections: {
      g_values: gValues,
      processor_steps: processor,
      detection: detection(keys),
      expected,
    },
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

/** The peers' float32 loses digits: probabilities to 2e-6 or 1e-3 of themselves, logarithms to 1e-3 where they are above −10. */
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
      relative: 1e-3,
    });
    if (list[i] > -10) compare.close(`${name}[${i}]`, scores[i], list[i], { absolute: 1e-3 });
  }
}
