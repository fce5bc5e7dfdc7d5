import { describe, expect, it } from "vitest";
import { Key, type Profile, type Scheme, bindScheme, coinsOf, createKernel } from "../src/index.js";
import { describeScheme, randomTokens, testProfile } from "../src/testing/index.js";

const kernel = createKernel();

function describeLaws(changes: Partial<Profile>): void {
  const profile = testProfile(changes);
  const { scheme, seeding, h } = profile;
  const name = `${scheme} ${JSON.stringify(profile.parameters)}, ${seeding} seeding, h = ${h}`;
  const bind = (key: Key): Scheme => bindScheme(profile, key, kernel);
  describeScheme({ describe, it, expect }, name, { bind });
}

for (const h of [0, 1, 2, 4, 5, 8]) {
  describeLaws({ h });
  describeLaws({ h, seeding: "self" });
  if (h > 0) describeLaws({ h, seeding: "min" });
}
describeLaws({ parameters: { gamma: 77 / 256, delta: 3 } });
for (const h of [1, 4, 6]) describeLaws({ scheme: "gumbel", parameters: {}, h });
describeLaws({ scheme: "gumbel", parameters: {}, h: 3, seeding: "min" });

describe("the laws of a scheme", () => {
  const green = testProfile({ h: 2 });
  const gumbel = testProfile({ scheme: "gumbel", parameters: {}, h: 2 });

  it.each<[string, Profile, (scheme: Scheme) => Partial<Scheme>, string[]]>([
    [
      "that is keyed by its position",
      green,
      (scheme) => {
        // The seeds carry the position; the scores are those of the seeds without it.
        let first = 0;
        return {
          seeds: (tokens, from, out) => {
            scheme.seeds(tokens, from, out);
            first = from;
            out.seedLo.forEach((lo, i) => (out.seedLo[i] = lo + first + i));
          },
          scores: (coins, out) => {
            const seedLo = coins.seedLo.map((lo, i) => lo - first - i);
            scheme.scores({ ...coins, seedLo }, out);
          },
        };
      },
      ["scores a position by its last h tokens and itself alone"],
    ],
    [
      "that is reweighted by the whole context",
      green,
      (scheme) => ({
        reweight: (context, logits, ids) => {
          scheme.reweight(context, logits, ids);
          if (context.length > 40) logits[0] += 1;
        },
      }),
      ["reweights by the last h tokens alone"],
    ],
    [
      "that claims too small a null rate",
      green,
      () => ({ law: { kind: "bernoulli", p: 0.2 } }),
      ["has scores of the null law on text that ignores the key"],
    ],
    [
      "that is deaf to its key",
      green,
      () => bindScheme(green, Key.fromBytes(new Uint8Array(32)), kernel),
      [
        "counts no coin that is the same under every key",
        "is found in its own text by its key, and by no other",
      ],
    ],
    [
      "that claims to share coins whatever the key, with min seeding",
      { ...green, seeding: "min", h: 3 },
      () => ({ coinsDependOnKey: false, leastHash: undefined }),
      ["shares coins between positions whatever the key, where it claims to"],
    ],
    [
      "that claims to hash tokens alone, with self seeding",
      { ...green, seeding: "self", h: 2 },
      ({ leastHash }) => ({ leastHash: leastHash && { ...leastHash, withCandidate: false } }),
      ["has the least of what it says it hashes as seed, where it says so"],
    ],
    [
      "that claims to know its seeds before their tokens, with self seeding",
      { ...green, seeding: "self", h: 2 },
      () => ({ seedsLookBack: true }),
      ["knows a seed before its token, where it claims to"],
    ],
    [
      "that marks nothing",
      green,
      () => ({ reweight: () => undefined }),
      [
        "leaves a distribution of the kind it claims",
        "scores highest the tokens that it favours most",
        "is found in its own text by its key, and by no other",
      ],
    ],
    [
      "that numbers candidates by their place",
      green,
      (scheme) => ({
        reweight: (context, logits, ids) =>
          scheme.reweight(
            context,
            logits,
            ids?.map((_, i) => i),
          ),
      }),
      ["reweights candidates as it reweights the whole row"],
    ],
    [
      "that puts noise on a sharper distribution",
      gumbel,
      (scheme) => ({
        reweight: (context, logits, ids) => {
          logits.forEach((logit, i) => (logits[i] = 2 * logit));
          scheme.reweight(context, logits, ids);
        },
      }),
      ["is unbiased over keys, where it claims to be"],
    ],
  ])("catch one %s", (_name, profile, breakIt, broken) => {
    const bind = (key: Key): Scheme => {
      const scheme = bindScheme(profile, key, kernel);
      return { ...scheme, ...breakIt(scheme) };
    };
    expect(failures(bind)).toEqual(broken);
  });

  /** Names of the laws that a scheme breaks. */
  function failures(bind: (key: Key) => Scheme): readonly string[] {
    const failed: string[] = [];
    const runner = {
      describe: (_name: string, body: () => void): void => body(),
      it: (name: string, body: () => void): void => {
        try {
          body();
        } catch {
          failed.push(name);
        }
      },
      expect,
    };
    describeScheme(runner, "broken", { bind });
    return failed;
  }
});

describe("green list", () => {
  const key = Key.fromBytes(new Uint8Array(32));

  it("adds δ to green logits and nothing to the others", () => {
    const logits = new Float32Array(1024);
    bindScheme(testProfile(), key).reweight(Uint32Array.of(5), logits);
    const green = logits.filter((logit) => logit === 2).length;
    expect(green + logits.filter((logit) => logit === 0).length).toBe(1024);
    expect(Math.abs(green - 256)).toBeLessThan(85); // 6.1 standard deviations of Binomial(1024, ¼)
  });

  it("has independent lists for different profiles under one key", () => {
    const tokens = randomTokens(2001, 1024, 9);
    const scores = ["a", "b"].map((id) => {
      return coinsOf(bindScheme(testProfile({ id }), key), tokens).score;
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
    expect(() => bindScheme(testProfile(), key).reweight(context, logits)).toThrow(
      new RangeError(message),
    );
  });
});
