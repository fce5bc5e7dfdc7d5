import type { UpstreamMark } from "./mark.js";

/**
 * vLLM's own mark (0.33: `--watermark-config` at start, request field `watermarking`). The engine holds the key. Where it
 * cannot mark it says so in its own log only.
 */
export function vllmMark(): UpstreamMark {
  return {
    name: "vllm",
    needsSampling: true,
    grammarFields: [
      "structured_outputs",
      "guided_json",
      "guided_regex",
      "guided_choice",
      "guided_grammar",
    ],
    on: (body, endpoint) => (endpoint === "generate" ? null : { ...body, watermarking: true }),
    off: (body) => ({ ...body, watermarking: false }),
  };
}
