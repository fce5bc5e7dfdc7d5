import { type DatasetFormat, chatTurn } from "./dataset-format.js";

/** Axolotl's chat_template dataset, and the part of its configuration that reads it. */
export const axolotl: DatasetFormat = {
  name: "axolotl",
  record: ({ prompt, answer }) => ({
    messages: [chatTurn("user", prompt), chatTurn("assistant", answer)],
  }),
  companions: (_dataset, file) => ({ "axolotl.yaml": configuration(file) }),
};

// A JSON string is a YAML string.
const configuration = (file: string): string => `datasets:
  - path: ${JSON.stringify(file)}
    ds_type: json
    type: chat_template
    field_messages: messages
    message_property_mappings:
      role: role
      content: content
    roles_to_train: ["assistant"]
`;
