import { describe, expect, it } from "vitest";
import { Key, bindScheme } from "../src/index.js";
import { describeScheme, randomTokens } from "../src/testing/index.js";
import { greenProfile } from "./profile-fixture.js";

const runner = { describe, it, expect };

for (const h of [0, 1, 2, 4, 5, 8]) {
  describeScheme(runner, greenProfile({ h }));
  describeScheme(runner, greenProfile({ h, seeding: "self" }));
  if (h > 0) describeScheme(runner, greenProfile({ h, seeding: "min" }));
}
describeScheme(runner, greenProfile({ parameters: { gamma: 77 / 256, delta: 3 } }));
for (const h of [1, 4, 6]) {
  describeScheme(runner, greenProfile({ scheme: "gumbel", parameters: {}, h }));
}
describeScheme(runner, greenProfile({ scheme: "gumbel", parameters: {}, h: 3, seeding: "min" }));

describe("green list", () => {
  const key = Key.fromBytes(new Uint8Array(32));

  it("adds δ to green logits and nothing to the others", () => {
    const logits = new Float32Array(1024);
    bindScheme(greenProfile(), key).reweight(Uint32Array.of(5), logits);
    const green = logits.filter((logit) => logit === 2).length;
    expect(green + logits.filter((logit) => logit === 0).length).toBe(1024);
    expect(Math.abs(green - 256)).toBeLessThan(85); // 6.1 standard deviations of Binomial(1024, ¼)
  });

  it("scores exactly the tokens it biased", () => {
    for (const seeding of ["left", "min", "self"] as const) {
      const scheme = bindScheme(greenProfile({ seeding, h: 2 }), key);
      const logits = new Float32Array(1024);
      scheme.reweight(Uint32Array.of(5, 6), logits);
      const one = {
        seedLo: new Uint32Array(1),
        seedHi: new Uint32Array(1),
        score: new Float64Array(1),
      };
      const scores = Array.from(logits, (_, id) => {
        scheme.coins(Uint32Array.of(5, 6, id), 2, one);
        return one.score[0];
      });
      expect(scores).toEqual(Array.from(logits, (logit) => logit / 2));
    }
  });

  it("has independent lists for different profiles under one key", () => {
    const tokens = randomTokens(2001, 1024, 9);
    const scores = ["a", "b"].map((id) => {
      const coins = {
        seedLo: new Uint32Array(2000),
        seedHi: new Uint32Array(2000),
        score: new Float64Array(2000),
      };
      bindScheme(greenProfile({ id }), key).coins(tokens, 1, coins);
      return coins.score;
    });
    const both = scores[0].reduce((sum, score, i) => sum + score * scores[1][i], 0);
    expect(Math.abs(both - 125)).toBeLessThan(67); // 6.1 standard deviations of Binomial(2000, 1/16)
  });

  it.each([
    [
      "context",
      () => [new Uint32Array(0), new Float32Array(1024)] as const,
      "context: expected at least h = 1 tokens, got 0",
    ],
    [
      "row",
      () => [Uint32Array.of(1), new Float32Array(10)] as const,
      "logits: expected V = 1024, got 10",
    ],
  ])("refuses a step with the wrong %s", (_what, step, message) => {
    const [context, logits] = step();
    expect(() => bindScheme(greenProfile(), key).reweight(context, logits)).toThrow(
      new RangeError(message),
    );
  });
});
