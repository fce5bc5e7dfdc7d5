import type { DatasetFormat } from "./dataset-format.js";
import { datasetInfo } from "./llama-factory.js";

/** LLaMA-Factory's sharegpt dataset. */
export const llamaFactorySharegpt: DatasetFormat = {
  name: "llama-factory-sharegpt",
  record: ({ prompt, answer }) => ({
    conversations: [
      { from: "human", value: prompt },
      { from: "gpt", value: answer },
    ],
  }),
  companions: (dataset, file) =>
    datasetInfo(dataset, {
      file_name: file,
      formatting: "sharegpt",
      columns: { messages: "conversations" },
      tags: { role_tag: "from", content_tag: "value", user_tag: "human", assistant_tag: "gpt" },
    }),
};
