import { below } from "../random.js";
import type { Attack } from "./attack.js";

/** The text pasted whole into a longer one of somebody else. `strength` is the foreign share of the result. */
export const dilution: Attack = {
  name: "copy-paste dilution",
  unit: "text",
  apply(text, { strength, random, foreign }) {
    const added = Math.min(
      foreign.length,
      Math.round((text.length * strength) / Math.max(1e-9, 1 - strength)),
    );
    const from = below(random, foreign.length - added + 1);
    const before = below(random, added + 1);
    const middle = from + before;
    return foreign.slice(from, middle) + text + foreign.slice(middle, from + added);
  },
};
