/** N*: with so many scored tokens an audit decides with the power that was planned, over keys and draws. */
import type { Random, Tokens } from "@verdigris/core";
import { closedTest, rejects, requiredTokens } from "@verdigris/detector";
import { forecast, randomStream, teacherExcess, tokenCount } from "@verdigris/survival";
import { beforeAll, describe, expect, it } from "vitest";
import { type Lab, errorOf, lawKey, meanOf, measured, openLab } from "./lab.js";

const KEYS = 5;
const TOKENS = 30_000;
const AUDITS = 60;
const PLAN = { gamma: 0.25, alpha: 1e-3, power: 0.9 };

/** n of the contexts, none twice. */
function drawn(contexts: readonly Tokens[], n: number, random: Random): readonly Tokens[] {
  const pool = [...contexts];
  for (let i = 0; i < n; i++) {
    const j = i + Math.floor(random.next() * (pool.length - i));
    [pool[i], pool[j]] = [pool[j], pool[i]];
  }
  return pool.slice(0, n);
}

describe("the number of tokens that a forecast names", () => {
  /** Share of audits that decide, by key: with N* tokens, and with a quarter of them. */
  const decided: number[] = [];
  const undecided: number[] = [];
  const sizes: number[] = [];
  let lab: Lab;

  beforeAll(async () => {
    lab = await openLab();
    for (let k = 0; k < KEYS; k++) {
      const scheme = lab.scheme(1, lawKey(k, 20));
      const texts = await lab.write(scheme, TOKENS, randomStream("N*", k));
      const corpus = {
        texts,
        marked: texts.map(() => true),
        tokenCount: tokenCount(texts),
        rho: 1,
      };
      const contexts = lab.contexts(1, 3000, k);
      const { epsilon } = forecast(scheme, corpus, {
        learner: lab.apprenticeship,
        contexts,
        excess: teacherExcess(scheme, texts),
      });
      const size = requiredTokens({ ...PLAN, epsilon });
      sizes.push(size);
      const student = await lab.apprenticeship.train(corpus, randomStream("N*", k, "train"));
      const share = async (n: number, name: string): Promise<number> => {
        let hits = 0;
        for (let a = 0; a < AUDITS; a++) {
          const own = drawn(contexts, n, randomStream("N*", k, a, name, "contexts"));
          const tokens = await student.draw(own, randomStream("N*", k, a, name));
          if (rejects(closedTest(scheme, { contexts: own, tokens }).log10P, PLAN.alpha)) hits++;
        }
        return hits / AUDITS;
      };
      decided.push(await share(size, "whole"));
      undecided.push(await share(Math.round(size / 4), "quarter"));
      if (size > contexts.length) throw new RangeError(`contexts: ${contexts.length} for ${size}`);
    }
  });

  it("N*: audits of that size decide in nine of ten cases, short of noise", ({ task }) => {
    const noise = Math.max(errorOf(decided), Math.sqrt((0.9 * 0.1) / (KEYS * AUDITS)));
    measured(
      task,
      `${(100 * meanOf(decided)).toFixed(1)} ± ${(100 * noise).toFixed(1)} % of ${KEYS * AUDITS} audits of N* = ${sizes.join(", ")} tokens decide at α = 1e-3`,
    );
    expect(meanOf(decided)).toBeGreaterThan(0.9 - 3 * noise);
  });

  it("canary: a quarter of that size does not", () => {
    // The normal law gives Φ(z_.9/2 − z_α/2) = .18 where N* gives .9.
    expect(meanOf(undecided)).toBeLessThan(0.5);
  });
});
