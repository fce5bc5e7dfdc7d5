import { type Scheme, createKernel } from "@verdigris/core";
import { TorchGenerator, threeBricksSeed, toUnsigned, word64 } from "@verdigris/core/primitives";
import { threeBricksP, threeBricksScore } from "@verdigris/detector/peers";
import * as z from "zod";
import { idList, integer, reals } from "../comparison.js";
import { biasedIds, bindMark, formulaLogits } from "../profiles.js";
import { type Section, type VectorFamily, type VectorFile, section } from "../section.js";

const ids = z.array(z.int());
const TABLE_SIZE = 1_000_003;
/** The peer works in float32, and gives 0 where that underflows. */
const FLOAT32 = { relative: 3e-5, absolute: 1e-38 };

const seedsHash = section(
  z.object({ ngram: ids, seed0: integer, salt_key: integer, seed: integer }),
  (record, compare) => {
    const out = word64();
    const key = { salt: record.salt_key, seed: record.seed0 };
    threeBricksSeed(key, record.ngram.length)(
      Uint32Array.from(record.ngram),
      record.ngram.length,
      out,
    );
    compare.equal("seed", toUnsigned(out), record.seed);
  },
);

const hashtable = (saltOfFile: bigint): Section =>
  section(
    z.object({
      torch_manual_seed: integer,
      hashtable_first16: ids,
      hashtable_sha256_i32le: z.string(),
      salt_key: integer.optional(),
      examples: z.array(z.object({ ids, seed: z.int() })),
    }),
    (record, compare) => {
      const table = new TorchGenerator(record.torch_manual_seed).permutation(TABLE_SIZE);
      compare.part("hashtable_first16", table.slice(0, 16), record.hashtable_first16);
      compare.digest("hashtable_sha256_i32le", table, record.hashtable_sha256_i32le);
      const salt = record.salt_key ?? saltOfFile;
      record.examples.forEach((example, i) => {
        const at = example.ids.map((id) => Number((salt * BigInt(id)) % BigInt(TABLE_SIZE)));
        const seed = Math.min(...at.map((place) => table[place]));
        compare.equal(`examples[${i}].seed`, seed, example.seed);
      });
    },
  );

/** The salt of the file's other records, for one that has none: three_bricks' default unless they say otherwise. */
function saltOf({ seeds_hash: records }: VectorFile): bigint {
  const parsed = z
    .array(z.object({ salt_key: integer }))
    .min(1)
    .safeParse(records);
  return parsed.success ? parsed.data[0].salt_key : 35_317n;
}

/** Vectors of three_bricks: `three_bricks.json`. */
export function threeBricks(file: VectorFile): VectorFamily {
  const kernel = createKernel();

  interface BrickMark {
    readonly V: number;
    readonly h: number;
    readonly key: string;
    readonly payload: number;
    readonly gamma?: number | undefined;
    readonly delta?: number;
  }

  function bind({ V, h, key, payload, gamma, delta = 2 }: BrickMark): Scheme {
    const green = gamma !== undefined;
    return bindMark(
      {
        scheme: green ? "three-bricks-green-list" : "three-bricks-gumbel",
        prf: "torch-mt19937-v1",
        V,
        h,
        seeding: "left",
        parameters: green ? { gamma, delta, payload } : { payload },
        key,
      },
      kernel,
    );
  }

  /** The token's score under a seed, which stands for n-gram and key, and under payloads 0 … n − 1. */
  function scores(
    record: { vocab_size: number; ngram: number[]; seed: bigint; token_id: number; gamma?: number },
    n: number,
  ): number[] {
    const { vocab_size: V, ngram, seed, token_id: token, gamma } = record;
    const seedLo = Uint32Array.of(Number(BigInt.asUintN(32, seed)));
    return Array.from({ length: n }, (_, payload) => {
      const scheme = bind({ V, h: ngram.length, key: "0,0", payload, gamma });
      const out = new Float64Array(1);
      scheme.scores({ seedLo, seedHi: seedLo, token: Uint32Array.of(token), n: 1 }, out);
      return out[0];
    });
  }

  const greenlists = section(
    z.object({
      vocab_size: z.int(),
      gamma: z.number(),
      ngram: ids,
      seed: integer,
      token_id: z.int(),
      greenlist_sorted: idList,
      scores_payload0_15: z.string(),
    }),
    (record, compare) => {
      const { vocab_size: V, gamma } = record;
      const k = Math.trunc(V * gamma);
      const list = new Uint32Array(k);
      kernel.torch.head(Number(BigInt.asUintN(32, record.seed)), { V, k }, list);
      compare.ids("greenlist_sorted", list, record.greenlist_sorted, { ordered: false });
      compare.equal("scores_payload0_15", scores(record, 16).join(""), record.scores_payload0_15);
    },
  );

  const openai = section(
    z.object({
      vocab_size: z.int(),
      ngram: ids,
      seed: integer,
      token_id: z.int(),
      r_token_f32: z.number(),
      r_first8: z.array(z.number()),
      r_sha256_f32le: z.string(),
      scores_payload0_7_f32: reals,
    }),
    (record, compare) => {
      const generator = new TorchGenerator(record.seed);
      const r = Float32Array.from({ length: record.vocab_size }, () => generator.f32());
      compare.equal("r_first8", r.slice(0, 8), Float32Array.from(record.r_first8));
      compare.digest("r_sha256_f32le", r, record.r_sha256_f32le);
      compare.equal("r_token_f32", r[record.token_id], Math.fround(record.r_token_f32));
      compare.allClose("scores_payload0_7_f32", scores(record, 8), record.scores_payload0_7_f32, {
        relative: 1e-6,
        absolute: 1e-7,
      });
    },
  );

  const detectors = section(
    z.object({
      detector: z.enum([
        "MarylandDetector",
        "MarylandDetectorZ",
        "OpenaiDetector",
        "OpenaiDetectorZ",
      ]),
      vocab_size: z.int(),
      ngram: z.int(),
      seed0: integer,
      salt_key: integer,
      gamma: z.number().optional(),
      scoring_method: z.enum(["none", "v1", "v2"]),
      payload_max: z.int(),
      input_ids: ids,
      ntoks: z.int(),
      scores_sum: reals,
      p_values: reals,
    }),
    (record, compare) => {
      const { vocab_size: V, ngram: h, gamma } = record;
      const key = `${record.salt_key},${record.seed0}`;
      const found = Array.from({ length: record.payload_max + 1 }, (_, payload) => {
        const scheme = bind({ V, h, key, payload, gamma });
        return threeBricksScore(scheme, Uint32Array.from(record.input_ids), record.scoring_method);
      });
      compare.equal("ntoks", found[0].scored, record.ntoks);
      compare.allClose(
        "scores_sum",
        found.map(({ sum }) => sum),
        record.scores_sum,
        { relative: 1e-6 },
      );
      const p = found.map((score) => threeBricksP(record.detector, score, gamma ?? NaN));
      compare.allClose("p_values", p, record.p_values, FLOAT32);
    },
  );

  const generators = section(
    z.object({
      vocab_size: z.int(),
      ngram: ids,
      seed0: integer,
      salt_key: integer,
      payload: z.int(),
      gamma: z.number(),
      delta: z.number(),
      logits: reals.optional(),
      formula_logits_c: z.int().optional(),
      maryland_biased: idList,
      maryland_logits_sha256_f32le: z.string(),
      "openai_next_token_T0.8_p0.95": z.int(),
    }),
    (record, compare) => {
      const { vocab_size: V, payload, gamma, delta } = record;
      const context = Uint32Array.from(record.ngram);
      const common = { V, h: context.length, key: `${record.salt_key},${record.seed0}`, payload };
      const before =
        record.logits === undefined
          ? formulaLogits(V, record.formula_logits_c ?? NaN)
          : Float32Array.from(record.logits);
      const after = before.slice();
      bind({ ...common, gamma, delta }).reweight(context, after);
      compare.ids("maryland_biased", biasedIds(before, after), record.maryland_biased, {
        ordered: false,
      });
      compare.digest("maryland_logits_sha256_f32le", after, record.maryland_logits_sha256_f32le);
      const { kept, logP } = truncated(before, { temperature: 0.8, topP: 0.95 });
      bind(common).reweight(context, logP, kept);
      compare.equal(
        "openai_next_token",
        kept[logP.indexOf(0)],
        record["openai_next_token_T0.8_p0.95"],
      );
    },
  );

  return {
    name: "three_bricks",
    about: [],
    sections: {
      seeds_hash: seedsHash,
      greenlists,
      openai_r: openai,
      hashtable: hashtable(saltOf(file)),
      detectors,
      generators,
    },
  };
}

/** Temperature and top-p as three_bricks has them: a token stays while the mass before it is at most top-p. */
function truncated(
  logits: Float32Array,
  { temperature, topP }: { readonly temperature: number; readonly topP: number },
): { readonly kept: Uint32Array; readonly logP: Float32Array } {
  const top = logits.reduce((best, logit) => Math.max(best, logit), -Infinity);
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - top) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const order = [...weights.keys()].sort((a, b) => weights[b] - weights[a]);
  const kept: number[] = [];
  let before = 0;
  for (const id of order) {
    if (before > topP) break;
    kept.push(id);
    before += weights[id] / total;
  }
  return {
    kept: Uint32Array.from(kept),
    logP: Float32Array.from(kept, (id) => Math.log(weights[id] / before)),
  };
}
