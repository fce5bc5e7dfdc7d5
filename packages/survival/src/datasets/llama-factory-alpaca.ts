import type { DatasetFormat } from "./dataset-format.js";
import { datasetInfo } from "./llama-factory.js";

/** LLaMA-Factory's alpaca dataset. */
export const llamaFactoryAlpaca: DatasetFormat = {
  name: "llama-factory-alpaca",
  record: ({ prompt, answer }) => ({ instruction: prompt, input: "", output: answer }),
  companions: (dataset, file) =>
    datasetInfo(dataset, {
      file_name: file,
      formatting: "alpaca",
      columns: { prompt: "instruction", query: "input", response: "output" },
    }),
};
