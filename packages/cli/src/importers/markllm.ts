import * as z from "zod";
import { type Imported, type Importer, readConfig, wholeNumber } from "./importer.js";

const green = {
  gamma: z.number().gt(0).lt(1),
  delta: z.number(),
  hash_key: wholeNumber,
  z_threshold: z.number().optional(),
};

/** Their `key` seeds something else: MarkLLM has the hash key in no file, and draws it anew for each process. */
const unbiased = {
  key: z.int().optional(),
  prefix_length: z.int().min(1),
  ignore_history_generation: z.union([z.literal(0), z.literal(1)]).optional(),
  ignore_history_detection: z.union([z.literal(0), z.literal(1)]).optional(),
};

const schema = z.discriminatedUnion("algorithm_name", [
  z.strictObject({
    algorithm_name: z.literal("KGW"),
    ...green,
    prefix_length: z.int().min(1),
    f_scheme: z.enum(["time", "additive", "skip", "min"]).default("time"),
    window_scheme: z.enum(["left", "self"]).default("left"),
  }),
  z.strictObject({ algorithm_name: z.literal("Unigram"), ...green }),
  z.strictObject({
    algorithm_name: z.literal("SWEET"),
    ...green,
    prefix_length: z.int().min(1),
    entropy_threshold: z.number().min(0),
  }),
  z.strictObject({ algorithm_name: z.literal("EWD"), ...green, prefix_length: z.int().min(1) }),
  z.strictObject({
    algorithm_name: z.literal("EXP"),
    prefix_length: z.int().min(1),
    hash_key: wholeNumber,
    threshold: z.number().optional(),
    sequence_length: z.int().optional(),
    top_k: z.int().optional(),
  }),
  z.strictObject({
    algorithm_name: z.literal("DIP"),
    ...unbiased,
    gamma: z.number().gt(0).lt(1),
    alpha: z.number().min(0).max(0.5),
    z_threshold: z.number().optional(),
  }),
  z.strictObject({
    algorithm_name: z.literal("Unbiased"),
    ...unbiased,
    type: z.enum(["gamma", "delta"]),
    n_grid: z.int().optional(),
    p_threshold: z.number().optional(),
  }),
  z.strictObject({
    algorithm_name: z.literal("SynthID"),
    ngram_len: z.int().min(2),
    keys: z.array(wholeNumber).min(1).max(32),
    sampling_table_size: z.int().default(65_536),
    sampling_table_seed: z.int().default(0),
    watermark_mode: z.enum(["non-distortionary", "distortionary"]).default("non-distortionary"),
    num_leaves: z.int().min(2).default(2),
    context_history_size: z.int().optional(),
    detector_type: z.enum(["mean", "weighted_mean", "bayesian"]).default("mean"),
    threshold: z.number().optional(),
  }),
]);

type Config = z.infer<typeof schema>;

/** MarkLLM's `config/*.json`. */
export const markLlm: Importer = {
  kind: "markllm",
  summary: "MarkLLM config/*.json: KGW, Unigram, SWEET, EWD, EXP, DIP, Unbiased, SynthID",
  read: (config) => imported(readConfig(schema, config)),
};

function imported(given: Config): Imported {
  const torch = { prf: "torch-mt19937-v1", seeding: "left" } as const;
  switch (given.algorithm_name) {
    case "KGW":
      return kgw(given);
    case "Unigram":
      return {
        scheme: "unigram",
        prf: "numpy-pcg64-v1",
        h: 0,
        seeding: "left",
        parameters: { gamma: given.gamma, delta: given.delta },
        key: String(given.hash_key),
      };
    case "SWEET":
    case "EWD": {
      const entropyThreshold = given.algorithm_name === "SWEET" ? given.entropy_threshold : null;
      return {
        ...torch,
        scheme: "markllm-entropy",
        h: given.prefix_length,
        parameters: { gamma: given.gamma, delta: given.delta, entropyThreshold },
        key: String(given.hash_key),
      };
    }
    case "EXP":
      return {
        ...torch,
        scheme: "markllm-exp",
        h: given.prefix_length,
        parameters: {},
        key: String(given.hash_key),
      };
    case "DIP":
    case "Unbiased":
      return unbiasedMark(given);
    case "SynthID":
      return synthId(given);
  }
}

function kgw(given: Extract<Config, { algorithm_name: "KGW" }>): Imported {
  return {
    scheme: "markllm-green-list",
    prf: "torch-mt19937-v1",
    h: given.prefix_length,
    seeding: given.window_scheme,
    parameters: { gamma: given.gamma, delta: given.delta, fScheme: given.f_scheme },
    key: String(given.hash_key),
  };
}

function unbiasedMark(given: Extract<Config, { algorithm_name: "DIP" | "Unbiased" }>): Imported {
  const isDip = given.algorithm_name === "DIP";
  return {
    scheme: "dip",
    prf: "torch-mt19937-v1",
    h: given.prefix_length,
    seeding: "left",
    parameters: {
      reweight: isDip || given.type === "gamma" ? "dip" : "delta",
      alpha: isDip ? given.alpha : 0.5,
      gamma: isDip ? given.gamma : 0.5,
    },
    key: null,
  };
}

function synthId(given: Extract<Config, { algorithm_name: "SynthID" }>): Imported {
  const distorts = given.watermark_mode === "distortionary";
  return {
    scheme: "synthid",
    prf: "synthid-table-v1",
    h: given.ngram_len - 1,
    seeding: "self",
    parameters: {
      depth: given.keys.length,
      leaves: distorts ? given.num_leaves : 2,
      statistic: given.detector_type === "weighted_mean" ? "weighted-mean" : "mean",
      tableSize: given.sampling_table_size,
      tableSeed: given.sampling_table_seed,
    },
    key: given.keys.join(","),
  };
}
