import { shuffled } from "../random.js";
import type { Attack } from "./attack.js";

/** A share of the sentences change places among themselves. */
export const sentenceShuffling: Attack = {
  name: "sentence shuffling",
  unit: "sentence",
  apply(text, { strength, random }) {
    const sentences = text.split(/(?<=[.!?]["”’)]?\s+)(?=\S)/u);
    const places = [...sentences.keys()].filter(() => random.next() < strength);
    const moved = shuffled(places, random);
    const out = [...sentences];
    places.forEach((place, i) => (out[place] = sentences[moved[i]]));
    return out.join("");
  },
};
