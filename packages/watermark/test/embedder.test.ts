import { Key, type Profile, bindScheme, coinsOf } from "@verdigris/core";
import { lehmer, testProfile } from "@verdigris/core/testing";
import { describe, expect, it } from "vitest";
import { embed, generate } from "../src/index.js";
import { toyModel } from "./toy-model.js";

const V = 512;
const key = Key.fromBytes(new Uint8Array(32).fill(9));
const prompt = Uint32Array.of(1, 2, 3, 4);

function profile(scheme: "green-list" | "gumbel", h: number): Profile {
  const parameters = scheme === "green-list" ? { gamma: 0.25, delta: 2 } : {};
  return testProfile({ scheme, parameters, V, h });
}

/** Mean score of a text's positions with full context. */
function meanScore(tokens: Uint32Array, scheme: ReturnType<typeof bindScheme>): number {
  const { score, n } = coinsOf(scheme, tokens);
  return score.reduce((sum, value) => sum + value, 0) / n;
}

describe("embedding", () => {
  const model = toyModel(V);

  it.each([0, 1, 2, 4, 6])("marks with a green list of width h = %s", async (h) => {
    const scheme = bindScheme(profile("green-list", h), key);
    const tokens = await generate(model, prompt, { scheme, random: lehmer(5), maxTokens: 1000 });
    // Green mass of a nearly flat distribution: γe²/(1 + γ(e² − 1)) = .71; 8 standard errors below is .59.
    expect(meanScore(tokens, scheme)).toBeGreaterThan(0.59);
  });

  it("marks with Gumbel noise", async () => {
    const scheme = bindScheme(profile("gumbel", 3), key);
    const tokens = await generate(model, prompt, { scheme, random: lehmer(5), maxTokens: 500 });
    expect(meanScore(tokens, scheme)).toBeGreaterThan(2);
  });

  it("leaves no mark without a scheme, nor one that another key finds", async () => {
    const scheme = bindScheme(profile("green-list", 1), key);
    const plain = await generate(model, prompt, {
      scheme: null,
      random: lehmer(5),
      maxTokens: 1000,
    });
    expect(Math.abs(meanScore(plain, scheme) - 0.25)).toBeLessThan(0.11);
    const marked = await generate(model, prompt, { scheme, random: lehmer(5), maxTokens: 1000 });
    const other = bindScheme(profile("green-list", 1), Key.fromBytes(new Uint8Array(32).fill(8)));
    expect(Math.abs(meanScore(marked, other) - 0.25)).toBeLessThan(0.11);
  });

  it("draws exactly what it would draw unmarked when δ = 0", async () => {
    const idle = { ...profile("green-list", 1), parameters: { gamma: 0.25, delta: 0 } };
    const options = { random: lehmer(5), maxTokens: 300 };
    const plain = await generate(model, prompt, { ...options, scheme: null });
    const marked = await generate(model, prompt, {
      ...options,
      random: lehmer(5),
      scheme: bindScheme(idle, key),
    });
    expect(marked).toEqual(plain);
  });

  it("stops at an end token without yielding it, and at the limit", async () => {
    const ending = toyModel(16, { endToken: 3 });
    const scheme = bindScheme({ ...profile("green-list", 1), V: 16 }, key);
    const tokens = await generate(ending, prompt, { scheme, random: lehmer(2), maxTokens: 500 });
    expect(tokens.length).toBeLessThan(500);
    expect(tokens).not.toContain(3);
    const limited = await generate(model, prompt, {
      scheme: null,
      random: lehmer(2),
      maxTokens: 7,
    });
    expect(limited.length).toBe(7);
  });

  it("writes the same token by token, at once, and with a model that takes its time", async () => {
    const scheme = bindScheme(profile("green-list", 1), key);
    const settings = (): Parameters<typeof generate>[2] => ({
      scheme,
      random: lehmer(2),
      maxTokens: 30,
    });
    const slow = {
      ...model,
      start: async (shown: Uint32Array) => {
        const sequence = await model.start(shown);
        return {
          next: async () => sequence.next(),
          push: (token: number) => sequence.push(token),
          end: () => sequence.end(),
        };
      },
    };
    const whole = await generate(model, prompt, settings());
    const steps: number[] = [];
    for await (const { token } of embed(model, prompt, settings())) steps.push(token);
    expect(steps).toEqual(Array.from(whole));
    expect(await generate(slow, prompt, settings())).toEqual(whole);
  });

  it("leaves repeated contexts unmarked when asked to", async () => {
    const tiny = toyModel(4, { spread: 0.1 });
    const scheme = bindScheme({ ...profile("gumbel", 1), V: 4 }, key);
    const flags: boolean[] = [];
    const options = { scheme, random: lehmer(2), maxTokens: 50, repeatedContexts: "skip" } as const;
    for await (const { marked } of embed(tiny, prompt, options)) flags.push(marked);
    expect(flags.filter(Boolean).length).toBeLessThanOrEqual(5); // four tokens and the prompt's last
    expect(flags[0]).toBe(true);
  });

  it("leaves contexts of the prompt unmarked too when asked to", async () => {
    const tiny = toyModel(4, { spread: 0.1 });
    const scheme = bindScheme({ ...profile("gumbel", 1), V: 4 }, key);
    const marked = async (repeatedContexts: "skip" | "skip-shown"): Promise<readonly number[]> => {
      const options = { scheme, random: lehmer(2), maxTokens: 50, repeatedContexts };
      const after: number[] = [];
      let last = 3;
      for await (const step of embed(tiny, Uint32Array.of(0, 1, 0, 3), options)) {
        if (step.marked) after.push(last);
        last = step.token;
      }
      return after;
    };
    expect((await marked("skip")).toSorted()).toEqual([0, 1, 2, 3]);
    expect((await marked("skip-shown")).toSorted()).toEqual([2, 3]);
  });

  it("does not mark where the context is too short", async () => {
    const scheme = bindScheme(profile("green-list", 4), key);
    const flags: boolean[] = [];
    const options = { scheme, random: lehmer(2), maxTokens: 4 };
    for await (const { marked } of embed(model, Uint32Array.of(1, 2), options)) flags.push(marked);
    expect(flags).toEqual([false, false, true, true]);
  });

  it("frees the sequence when the reader stops early", async () => {
    let ended = 0;
    const watched = {
      ...model,
      start: (text: Uint32Array) => {
        const sequence = model.start(text) as ReturnType<typeof model.start> & { end(): void };
        return { ...(sequence as object), end: () => void ended++ } as never;
      },
    };
    for await (const _ of embed(watched, prompt, { scheme: null, random: lehmer(2), maxTokens: 9 }))
      break;
    expect(ended).toBe(1);
  });

  it("refuses a profile with a smaller vocabulary than the model's", async () => {
    const scheme = bindScheme({ ...profile("green-list", 1), V: 100 }, key);
    const run = generate(model, prompt, { scheme, random: lehmer(2), maxTokens: 5 });
    await expect(run).rejects.toThrow(
      "expected a profile with V ≥ the model's vocabulary (512), got 100",
    );
  });
});
