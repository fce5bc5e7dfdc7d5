import { type DatasetFormat, chatTurn } from "./dataset-format.js";

/** TRL's conversational prompt-completion dataset: SFTTrainer takes the loss on the completion alone. */
export const trl: DatasetFormat = {
  name: "trl",
  record: ({ prompt, answer }) => ({
    prompt: [chatTurn("user", prompt)],
    completion: [chatTurn("assistant", answer)],
  }),
  companions: () => ({}),
};
