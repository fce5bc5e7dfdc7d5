import type { Attack } from "./attack.js";

const LATIN = "aceiopsxyABCEHKMOPTX";
const CYRILLIC = "асеіорѕхуАВСЕНКМОРТХ";

/** Cyrillic letters in place of Latin ones that look the same. `normalise` undoes it in words that stay half Latin. */
export const homoglyphs: Attack = {
  name: "homoglyphs",
  unit: "character",
  apply: (text, { strength, random }) =>
    text.replaceAll(/[aceiopsxyABCEHKMOPTX]/g, (letter) =>
      random.next() < strength ? CYRILLIC[LATIN.indexOf(letter)] : letter,
    ),
};
