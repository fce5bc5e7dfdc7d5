import { sglang, vllm } from "./engines.js";
import { huggingFace, huggingFaceSynthId } from "./hugging-face.js";
import type { Importer } from "./importer.js";
import { markLlm } from "./markllm.js";
import { lmWatermarking, sbw } from "./seeding-schemes.js";

/** Configurations that can become profiles. A new one is its file and a name here. */
export const importers: readonly Importer[] = [
  huggingFace,
  huggingFaceSynthId,
  vllm,
  sglang,
  markLlm,
  lmWatermarking,
  sbw,
];
