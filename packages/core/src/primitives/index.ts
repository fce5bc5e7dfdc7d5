/** The generators and integer arithmetic under the marks of other projects, bit for bit. */
export { Mt19937 } from "./mt19937.js";
export { TorchGenerator } from "./torch.js";
export { createPlainTorchLists } from "./torch-lists-plain.js";
export type { ListSize, TorchLists } from "./torch-lists.js";
export * from "./int64.js";
