import { below } from "../random.js";
import type { Attack } from "./attack.js";

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** Slips of the keyboard: letters lost, doubled, swapped with the next, or wrong, equally often. */
export const typos: Attack = {
  name: "typos",
  unit: "character",
  apply(text, { strength, random }) {
    const out: string[] = [];
    const letters = [...text];
    for (let i = 0; i < letters.length; i++) {
      const letter = letters[i];
      if (!/\p{L}/u.test(letter) || random.next() >= strength) {
        out.push(letter);
        continue;
      }
      const slip = below(random, 4);
      if (slip === 1) out.push(letter, letter);
      if (slip === 2) out.push(letters[++i] ?? "", letter);
      if (slip === 3) out.push(LETTERS[below(random, LETTERS.length)]);
    }
    return out.join("");
  },
};
