import type { Attack } from "./attack.js";
import { eachWord, wordDrawer } from "./words.js";

/** Words of another text put before words. */
export const wordInsertion: Attack = {
  name: "word insertion",
  unit: "word",
  apply(text, options) {
    const draw = wordDrawer(options.foreign, options.random);
    return eachWord(text, options, (word) => `${draw().toLowerCase()} ${word}`);
  },
};
