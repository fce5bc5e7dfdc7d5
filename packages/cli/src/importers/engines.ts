import * as z from "zod";
import { type Imported, type Importer, readConfig, wholeNumber } from "./importer.js";

const vllmConfig = z.strictObject({
  algorithm: z.enum(["gumbel", "dual_key_gumbel"]).default("gumbel"),
  key: wholeNumber,
  alpha: z.number().min(0).max(1).default(0.1),
  context_width: z.int().min(1).max(64).default(4),
  prf: z.literal("philox").default("philox"),
  // How the engine embeds, which detection need not know.
  deduplicate_contexts: z.enum(["none", "single_turn", "all"]).optional(),
  deduplicate_contexts_max_history: z.int().min(1).nullable().optional(),
  allow_target_only_watermarking: z.boolean().optional(),
});

/** vLLM's `--watermark-config`. */
export const vllm: Importer = {
  kind: "vllm",
  summary: "vLLM --watermark-config (JSON)",
  read(config): Imported {
    const given = readConfig(vllmConfig, config);
    return {
      scheme: "vllm-gumbel",
      prf: "philox4x32-10-v1",
      h: given.context_width,
      seeding: "left",
      parameters: { alpha: given.algorithm === "gumbel" ? null : given.alpha },
      key: String(given.key),
    };
  },
};

const hex = z.string().regex(/^(?:0x)?[0-9a-f]{1,16}$/i, "expected 1 to 16 hex digits");
/** A field that is null stands for the server's own setting, here its default. */
const sglangConfig = z.strictObject({
  key: hex.nullish(),
  key_b: hex.nullish(),
  mixing_probability: z.number().gt(0).lt(1).nullish(),
  context_window: z.int().min(1).max(64).nullish(),
  max_probability: z.number().gt(0).max(1).nullish(),
  default_enabled: z.boolean().nullish(),
  enforce_all: z.boolean().nullish(),
});

/** SGLang's watermark file. */
export const sglang: Importer = {
  kind: "sglang",
  summary: "SGLang --watermark-config file",
  read(config): Imported {
    const given = readConfig(sglangConfig, config);
    const [first, second] = [given.key ?? null, given.key_b ?? null];
    return {
      scheme: "sglang-gumbel",
      prf: "murmur3-x86-32-v1",
      h: given.context_window ?? 4,
      seeding: "left",
      parameters: { mixingProbability: second === null ? null : (given.mixing_probability ?? 0.5) },
      key: first === null || second === null ? first : `${first},${second}`,
    };
  },
};
