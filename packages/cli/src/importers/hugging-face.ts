import * as z from "zod";
import { type Imported, type Importer, readConfig, wholeNumber } from "./importer.js";

const watermarking = z.strictObject({
  greenlist_ratio: z.number().gt(0).lt(1).default(0.25),
  bias: z.number().default(2),
  hashing_key: wholeNumber.default(15_485_863),
  seeding_scheme: z.enum(["lefthash", "selfhash"]).default("lefthash"),
  context_width: z.int().min(1).default(1),
});

const synthId = z.strictObject({
  ngram_len: z.int().min(2),
  keys: z.array(wholeNumber).min(1).max(32),
  context_history_size: z.int().min(1).default(1024),
  sampling_table_seed: z.int().min(0).default(0),
  sampling_table_size: z.int().min(2).default(65_536),
  skip_first_ngram_calls: z.boolean().default(false),
  debug_mode: z.literal(false).default(false),
});

/** `watermarking_config` inside a generation_config.json, or the configuration itself. */
function inner(config: unknown): unknown {
  if (typeof config !== "object" || config === null) return config;
  return "watermarking_config" in config ? config.watermarking_config : config;
}

/** transformers' `WatermarkingConfig`. */
export const huggingFace: Importer = {
  kind: "hf",
  summary: "transformers WatermarkingConfig, also inside generation_config.json",
  read(config): Imported {
    const given = readConfig(watermarking, inner(config));
    const left = given.seeding_scheme === "lefthash";
    return {
      scheme: "hf-green-list",
      prf: "torch-mt19937-v1",
      h: left ? 1 : given.context_width - 1,
      seeding: left ? "left" : "self",
      parameters: {
        gamma: given.greenlist_ratio,
        delta: given.bias,
        contextWidth: given.context_width,
      },
      key: String(given.hashing_key),
    };
  },
};

/** transformers' `SynthIDTextWatermarkingConfig`. */
export const huggingFaceSynthId: Importer = {
  kind: "synthid",
  summary: "transformers SynthIDTextWatermarkingConfig, also inside generation_config.json",
  read(config): Imported {
    const given = readConfig(synthId, inner(config));
    return {
      scheme: "synthid",
      prf: "synthid-table-v1",
      h: given.ngram_len - 1,
      seeding: "self",
      parameters: {
        depth: given.keys.length,
        leaves: 2,
        statistic: "mean",
        tableSize: given.sampling_table_size,
        tableSeed: given.sampling_table_seed,
      },
      key: given.keys.join(","),
    };
  },
};
