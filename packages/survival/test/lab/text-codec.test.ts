import { describe, expect, it } from "vitest";
import { textCodec } from "../../src/lab/text-codec.js";

const NAME = "name";

describe("texts as bytes", () => {
  it("come back as they were, with what the teacher said beside them", () => {
    const tokens = Uint32Array.of(4, 5);
    const targets = {
      of: tokens,
      k: 2,
      ids: Uint32Array.of(4, 9, 5, 7),
      p: Float32Array.of(0.5, 0.25, 0.75, 0.125),
    };
    const texts = [
      { prompt: "täglich", tokens: Uint32Array.of(1, 2, 70_000) },
      { prompt: "b", tokens, part: 3, targets },
      { prompt: "empty", tokens: new Uint32Array(0), part: 0 },
    ];
    const back = textCodec.decode(Buffer.from(textCodec.encode(texts, NAME)), NAME);
    expect(back).toEqual(texts);
    // A student asks whether the targets are of the very tokens it reads.
    expect(back?.[1].targets?.of).toBe(back?.[1].tokens);
  });

  it("are refused with any bit changed, and under another name", () => {
    const texts = [{ prompt: "a", tokens: Uint32Array.of(1, 2, 3) }];
    const bytes = Buffer.from(textCodec.encode(texts, NAME));
    expect(textCodec.decode(bytes, "another name")).toBeNull();
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const copy = Buffer.from(bytes);
      copy[bit >> 3] ^= 1 << (bit & 7);
      expect(textCodec.decode(copy, NAME)).toBeNull();
    }
  });
});
