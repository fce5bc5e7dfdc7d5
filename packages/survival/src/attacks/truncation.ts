import { below } from "../random.js";
import type { Attack } from "./attack.js";

/** One stretch of the text, the rest thrown away; cut between words. `strength` is what is lost. */
export const truncation: Attack = {
  name: "truncation",
  unit: "text",
  apply(text, { strength, random }) {
    const words = text.split(/(?<=\s)(?=\S)/u);
    const kept = Math.round(words.length * (1 - strength));
    const start = below(random, words.length - kept + 1);
    return words.slice(start, start + kept).join("");
  },
};
