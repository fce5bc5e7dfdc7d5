import type { VectorFamily, VectorFile } from "../section.js";
import { hfWatermark } from "./hf-watermark.js";
import { jthickstun } from "./jthickstun.js";
import { lmWatermarking } from "./lm-watermarking.js";
import { sbw } from "./sbw.js";
import { sglang } from "./sglang.js";
import { hfSynthId, synthIdText } from "./synthid/index.js";
import { stats } from "./stats.js";
import { textSeal } from "./textseal.js";
import { threeBricks } from "./three-bricks.js";
import { vllm } from "./vllm.js";
import { markLlm } from "./markllm/index.js";
import { primitives } from "./primitives.js";

/** Makes the checks of a file's family, by its `family` or `peer`. A new one is its file and a line here. */
export const families: Readonly<Record<string, (file: VectorFile) => VectorFamily>> = {
  hf_watermark: hfWatermark,
  sbw,
  sglang,
  hf_synthid: hfSynthId,
  synthid_text: synthIdText,
  stats,
  textseal: textSeal,
  three_bricks: threeBricks,
  vllm,
  jthickstun_watermark: jthickstun,
  lm_watermarking: lmWatermarking,
  markllm: markLlm,
  primitives,
};
