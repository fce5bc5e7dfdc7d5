import * as z from "zod";
import { type Imported, type Importer, readConfig } from "./importer.js";

/** 64 bits as JSON can hold them: a safe whole number, or text. */
const key64 = z.union([z.int().min(0), z.string().regex(/^(?:\d+|0x[0-9a-f]+)$/i)]);

const vllmConfig = z.strictObject({
  algorithm: z.enum(["gumbel", "dual_key_gumbel"]),
  key: key64,
  context_width: z.int().min(1).max(64).default(4),
  prf: z.literal("philox4x32-10-v1").default("philox4x32-10-v1"),
  deduplicate_contexts: z.enum(["none", "single_turn", "all"]).default("single_turn"),
  max_history: z.int().min(1).nullable().default(8192),
  alpha: z.number().min(0).max(1).optional(),
});

/** vLLM's `--watermark-config`. */
export const vllm: Importer = {
  kind: "vllm",
  summary: "vLLM --watermark-config (JSON)",
  read(config): Imported {
    const given = readConfig(vllmConfig, config);
    return {
      scheme: "vllm-gumbel",
      prf: given.prf,
      h: given.context_width,
      seeding: "left",
      parameters: { alpha: given.algorithm === "gumbel" ? null : (given.alpha ?? 0.5) },
      key: String(given.key),
    };
  },
};

const hex = z.string().regex(/^(?:0x)?[0-9a-f]{1,16}$/i, "expected 1 to 16 hex digits");
const sglangConfig = z.strictObject({
  enabled: z.boolean().optional(),
  key: hex,
  key_b: hex.optional(),
  mixing_probability: z.number().min(0).max(1).optional(),
  context_window: z.int().min(1).max(64).default(4),
  max_contexts: z.int().min(1).optional(),
  max_probability: z.number().min(0).max(1).optional(),
});

/** SGLang's watermark file. */
export const sglang: Importer = {
  kind: "sglang",
  summary: "SGLang --watermark-config file",
  read(config): Imported {
    const given = readConfig(sglangConfig, config);
    const dual = given.key_b !== undefined;
    return {
      scheme: "sglang-gumbel",
      prf: "murmur3-x86-32-v1",
      h: given.context_window,
      seeding: "left",
      parameters: { mixingProbability: dual ? (given.mixing_probability ?? 0.5) : null },
      key: dual ? `${given.key},${given.key_b}` : given.key,
    };
  },
};
