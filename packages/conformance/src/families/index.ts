import type { VectorFamily } from "../section.js";
import { hfWatermark } from "./hf-watermark.js";
import { lmWatermarking } from "./lm-watermarking.js";
import { sbw } from "./sbw.js";
import { sglang } from "./sglang.js";
import { hfSynthId, synthIdText } from "./synthid.js";
import { vllm } from "./vllm.js";
import { primitives } from "./primitives.js";

/** Makes the checks of a family, by the file's `family` or `peer`. A new one is its file and a line here. */
export const families: Readonly<Record<string, () => VectorFamily>> = {
  hf_watermark: hfWatermark,
  sbw,
  sglang,
  hf_synthid: hfSynthId,
  synthid_text: synthIdText,
  vllm,
  lm_watermarking: lmWatermarking,
  primitives,
};
