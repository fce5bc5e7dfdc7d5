import type { Attack } from "./attack.js";

/** Nothing but writing the tokens down and reading them back: the tokenizer may cut the same text elsewhere. */
export const retokenisation: Attack = {
  name: "retokenisation",
  unit: "text",
  apply: (text) => text,
};
