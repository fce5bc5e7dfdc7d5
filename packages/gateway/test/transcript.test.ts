/** The digest of a text that comes in deltas. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Transcript } from "../src/stream/transcript.js";

function digestOf(deltas: readonly string[]): string | undefined {
  const transcript = new Transcript(0);
  for (const text of deltas) {
    const delta = { choice: 0, text, tokenIds: null, finishReason: null };
    transcript.add({ id: null, deltas: [delta], completionTokens: null });
  }
  return transcript.choices()[0]?.textSha256;
}

/** Long texts of characters of one and of two code units, and where they are cut: within a character, too. */
const TEXTS = fc.array(fc.constantFrom("a", "é", "\u{1F30D}"), {
  minLength: 1,
  maxLength: 2500,
  size: "max",
});
const CUTS = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 });

it("is that of the whole text, wherever the deltas cut it", () => {
  fc.assert(
    fc.property(TEXTS, CUTS, (characters, cuts) => {
      const text = characters.join("");
      const deltas: string[] = [];
      for (let at = 0; at < text.length;) {
        const next = at + cuts[deltas.length % cuts.length];
        deltas.push(text.slice(at, next));
        at = next;
      }
      expect(digestOf(deltas)).toBe(createHash("sha256").update(text).digest("hex"));
    }),
    { seed: 1, numRuns: 50, endOnFailure: true },
  );
});
