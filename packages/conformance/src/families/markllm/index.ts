import type { VectorFamily } from "../../section.js";
import { detectors } from "./detectors.js";
import { edit } from "./edit.js";
import { greenLists } from "./green.js";
import { processors } from "./processors.js";
import { reweights, unbiasedLlr } from "./reweight.js";

/** Vectors of MarkLLM: `markllm.json`. */
export function markLlm(): VectorFamily {
  return {
    name: "markllm",
    about: [],
    sections: {
      greenlists: greenLists(),
      processors: processors(),
      detectors: detectors(),
      reweight: reweights(),
      unbiased_llr: unbiasedLlr,
      edit,
    },
  };
}
