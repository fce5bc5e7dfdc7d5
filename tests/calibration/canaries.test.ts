/**
 * Six ways to get a detector's false-alarm rate wrong, each caught by the count that the right way passes on the same
 * texts and keys: tests that reject at α stay below a binomial bound whose own error is 1e-9.
 */
import {
  type Scheme,
  type Tokens,
  bindScheme,
  coinsOf,
  createKernel,
  parseProfile,
} from "@verdigris/core";
import { lehmer } from "@verdigris/core/testing";
import {
  DetectionStream,
  Tally,
  decoyKey,
  evidenceOf,
  localise,
  rejects,
} from "@verdigris/detector";
import { beforeAll, describe, expect, it } from "vitest";
import { countBound, falseAlarms } from "./false-alarms.js";
import { type Kinds, type Subject, subjects, textKinds } from "./subjects.js";

const ALPHA = 0.01;
/** Keys of a canary, apart from those of the other tests. */
const FIRST_KEY = 700_000;

describe("canaries", () => {
  const kernel = createKernel();
  const marks = new Map<string, Subject>(subjects().map((subject) => [subject.name, subject]));
  const { profile } = marks.get("green-list-left-1") as Subject;
  let kinds: Kinds;

  beforeAll(async () => {
    kinds = await textKinds();
  });

  /** Rejections of the wrong and the right way over keys; the wrong one must exceed the bound twice. */
  function compare(
    keys: number,
    test: (key: number) => { readonly wrong: boolean; readonly right: boolean },
  ): void {
    const outcomes = Array.from({ length: keys }, (_, key) => test(FIRST_KEY + key));
    expectCaught({
      tests: keys,
      wrong: outcomes.filter(({ wrong }) => wrong).length,
      right: outcomes.filter(({ right }) => right).length,
    });
  }

  function expectCaught(count: {
    readonly tests: number;
    readonly wrong: number;
    readonly right: number;
  }): void {
    const bound = countBound(count.tests, ALPHA);
    console.log(
      `${count.tests} tests at α = ${ALPHA}: ${count.wrong} false alarms, done right ${count.right}; bound ${bound}`,
    );
    expect(count.right).toBeLessThan(bound);
    expect(count.wrong).toBeGreaterThanOrEqual(2 * bound);
  }

  function rejected(scheme: Scheme, count: { readonly n: number; readonly sum: number }): boolean {
    return rejects(evidenceOf(scheme.law, count).log10P, ALPHA);
  }

  /** The text of a kind in runs of `length` tokens, one a key. */
  function runOf(kind: string, length: number, key: number): Tokens {
    const documents = kinds[kind];
    const all = new Uint32Array(documents[0].buffer);
    return all.subarray(...startAndEnd(all.length, length, key));
  }

  it("no de-duplication", () => {
    const subject = marks.get("green-list-left-1") as Subject;
    const [wrong, right] = [false, true]
      .map((deduplicate) =>
        falseAlarms(
          subject,
          { repetitive: kinds.repetitive },
          {
            kernel,
            firstKey: FIRST_KEY,
            keys: 250,
            documents: 4,
            alphas: [ALPHA],
            deduplicate,
          },
        ),
      )
      .map(({ repetitive }) => repetitive.rejections[0]);
    expectCaught({ tests: 1000, wrong, right });
  });

  it("n-gram de-duplication for self-hash", () => {
    const self = marks.get("green-list-self-3") as Subject;
    compare(400, (key) => {
      const tokens = runOf("code", 1500, key);
      const scheme = bindScheme(self.profile, decoyKey(key), kernel);
      const tally = new Tally(scheme);
      tally.add({ tokens });
      return {
        wrong: rejected(scheme, distinctNGrams(scheme, tokens)),
        right: rejected(scheme, tally.count()),
      };
    });
  });

  describe("an innocent model that repeats a marked text it was shown", () => {
    it("prompt scored", () => {
      const h2 = parseProfile({ ...profile, h: 2 });
      compare(300, (key) => {
        const scheme = bindScheme(h2, decoyKey(key), kernel);
        const prompt = marked(scheme, 120, key);
        const own = runOf("SmolLM2, unmarked", 60, key);
        const tokens = Uint32Array.from([...own, ...prompt.subarray(30, 90)]);
        const [wrong, right] = [{ tokens }, { tokens, prompt }].map((piece) => {
          const tally = new Tally(scheme);
          tally.add(piece);
          return rejected(scheme, tally.count());
        });
        return { wrong, right };
      });
    });

    // It was shown the second half before the first: read as a ring, the text has the windows between them.
    it("wrapped windows", () => {
      const h4 = parseProfile({ ...profile, h: 4 });
      compare(300, (key) => {
        const scheme = bindScheme(h4, decoyKey(key), kernel);
        const [ring, line] = [new Tally(scheme), new Tally(scheme)];
        for (let i = 0; i < 20; i++) {
          const whole = marked(scheme, 40, 100 * key + i);
          const shown = Uint32Array.from([...whole.subarray(20), ...whole.subarray(0, 20)]);
          const own = runOf("SmolLM2, unmarked", 20, 20 * key + i);
          for (const tally of [ring, line]) {
            tally.add({ tokens: shown, prompt: shown });
            if (tally === ring) tally.add({ tokens: shown.subarray(0, 4), continues: true });
            tally.add({ tokens: own });
          }
        }
        expect(line.count().n).toBeGreaterThan(200);
        return { wrong: rejected(scheme, ring.count()), right: rejected(scheme, line.count()) };
      });
    });
  });

  it("uncorrected scan", () => {
    compare(400, (key) => {
      const tokens = runOf("SmolLM2, unmarked", 800, key);
      const found = localise(profile, decoyKey(key), { tokens }, { alpha: ALPHA, kernel });
      return {
        wrong: anyWindowRejects(bindScheme(profile, decoyKey(key), kernel), tokens),
        right: found.length > 0,
      };
    });
  });

  it("naive peeking", () => {
    const gumbel = marks.get("gumbel-left-2") as Subject;
    compare(700, (key) => {
      const tokens = runOf("SmolLM2, unmarked", 600, key);
      const scheme = bindScheme(gumbel.profile, decoyKey(key), kernel);
      const options = { alpha: ALPHA, kernel };
      const stream = new DetectionStream(gumbel.profile, decoyKey(key), options);
      let [wrong, right] = [false, false];
      for (const token of tokens) {
        const { kind, count } = stream.push(token);
        wrong ||= rejected(scheme, count);
        right ||= kind === "detected";
      }
      return { wrong, right };
    });
  });
});

function startAndEnd(total: number, length: number, index: number): readonly [number, number] {
  const start = ((index * length) % (total - length)) | 0;
  return [start, start + length];
}

/** Text marked with the scheme by a model that has no preference among eight random tokens. */
function marked(scheme: Scheme, length: number, seed: number): Tokens {
  const { h, profile } = scheme;
  const random = lehmer(1 + ((seed * 7919) % 2_147_483_000));
  const below = (n: number): number => Math.floor(random.next() * n);
  const out = Uint32Array.from({ length: h + length }, () => 17 + below(profile.V - 17));
  const logits = new Float32Array(8);
  for (let i = h; i < out.length; i++) {
    const ids = Uint32Array.from({ length: 8 }, () => 17 + below(profile.V - 17));
    logits.fill(0);
    scheme.reweight(out.subarray(0, i), logits, ids);
    const weights = Array.from(logits, Math.exp);
    let u = random.next() * weights.reduce((sum, weight) => sum + weight, 0);
    out[i] =
      ids[
        Math.max(
          0,
          weights.findIndex((weight) => (u -= weight) < 0),
        )
      ];
  }
  return out.subarray(h);
}

/** Counts every distinct n-gram of h + 1 tokens, whatever its seed. */
function distinctNGrams(
  scheme: Scheme,
  tokens: Tokens,
): { readonly n: number; readonly sum: number } {
  const { score } = coinsOf(scheme, tokens);
  const seen = new Set<string>();
  let sum = 0;
  score.forEach((value, i) => {
    const gram = tokens.subarray(i, i + scheme.h + 1).join(" ");
    if (!seen.has(gram)) sum += value;
    seen.add(gram);
  });
  return { n: seen.size, sum };
}

/** The smallest p over windows of 16, 32, … coins, taken for the p-value of one test. */
function anyWindowRejects(scheme: Scheme, tokens: Tokens): boolean {
  const all: number[] = [];
  const tally = new Tally(scheme, {
    observe: (_, scores, n) => void all.push(...scores.subarray(0, n)),
  });
  tally.add({ tokens });
  for (let length = 16; length <= all.length; length *= 2) {
    for (let start = 0; start + length <= all.length; start += length / 4) {
      const sum = all.slice(start, start + length).reduce((total, score) => total + score, 0);
      if (rejects(evidenceOf(scheme.law, { n: length, sum }).log10P, ALPHA)) return true;
    }
  }
  return false;
}
