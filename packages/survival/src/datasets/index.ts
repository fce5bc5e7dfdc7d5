import { axolotl } from "./axolotl.js";
import type { DatasetFormat } from "./dataset-format.js";
import { llamaFactoryAlpaca } from "./llama-factory-alpaca.js";
import { llamaFactorySharegpt } from "./llama-factory-sharegpt.js";
import { trl } from "./trl.js";

export type { DatasetFormat, Example } from "./dataset-format.js";
export { type Lesson, type MixedDataset, mixedDataset } from "./mixed-dataset.js";

/** Every format of a fine-tuning dataset; a new one is its file and a line here. */
export const datasetFormats: readonly DatasetFormat[] = [
  trl,
  llamaFactorySharegpt,
  llamaFactoryAlpaca,
  axolotl,
];
