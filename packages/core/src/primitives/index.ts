/** The generators and integer arithmetic under the marks of other projects, bit for bit. */
export { Mt19937, pythonBits } from "./mt19937.js";
export { Pcg64 } from "./pcg64.js";
export { TorchGenerator } from "./torch.js";
export { createPlainTorchLists } from "./torch-lists-plain.js";
export type { ListSize, TorchLists } from "./torch-lists.js";
export * from "./int64.js";
export * from "./lm-hash.js";
export { jenkins } from "./jenkins.js";
export { absorb, finish, murmur3 } from "./murmur3.js";
export { philox4x32 } from "./philox.js";
export { PADDING, type VllmPrf, vllmDualKeys, vllmPrf, vllmUniform } from "./vllm-prf.js";
export * from "./sbw.js";
export * from "./sglang.js";
export { type VllmHistory, vllmSkips } from "./vllm-steps.js";
export * from "./synthid.js";
export { SynthIdHistory } from "./synthid-history.js";
export { tournament } from "./tournament.js";
