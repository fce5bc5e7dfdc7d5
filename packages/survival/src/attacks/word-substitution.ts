import type { Attack } from "./attack.js";
import { eachWord, inCaseOf, wordDrawer } from "./words.js";

/** Words of another text in place of words. */
export const wordSubstitution: Attack = {
  name: "word substitution",
  unit: "word",
  apply(text, options) {
    const draw = wordDrawer(options.foreign, options.random);
    return eachWord(text, options, (word) => inCaseOf(word, draw()));
  },
};
