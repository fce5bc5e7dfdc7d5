import type { Companions } from "./dataset-format.js";

/** The file by which LLaMA-Factory knows the datasets of a folder. */
export function datasetInfo(dataset: string, description: object): Companions {
  return { "dataset_info.json": `${JSON.stringify({ [dataset]: description }, null, 2)}\n` };
}
