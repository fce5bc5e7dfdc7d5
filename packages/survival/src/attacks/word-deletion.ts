import type { Attack } from "./attack.js";
import { eachWord } from "./words.js";

/** Words left out; the spaces on either side become one. */
export const wordDeletion: Attack = {
  name: "word deletion",
  unit: "word",
  apply: (text, options) => eachWord(text, options, () => "").replaceAll(/ {2,}/g, " "),
};
