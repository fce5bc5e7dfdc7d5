import type { Attack } from "./attack.js";

/** Zero-width spaces after characters. `normalise` removes them all. */
export const zeroWidth: Attack = {
  name: "zero-width characters",
  unit: "character",
  apply: (text, { strength, random }) =>
    text.replaceAll(/./gsu, (character) =>
      random.next() < strength ? `${character}\u200b` : character,
    ),
};
