/**
 * The laws of the neural student in their short form (survival-science, C.3): five keys, 20,000 marked tokens of a count
 * model with 512 tokens. The full form: node bench/quality/neural-laws.mjs.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { capacity, collapse, distillation } from "./neural-laws.ts";
import { World } from "./neural-world.ts";

const KEYS = 5;

describe("laws of the neural student", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.of({ vocabularySize: 512, tokens: 20_000, contexts: 2000 });
  });

  it("L11: a student of the teacher's probabilities keeps over 1.5 times what one of its tokens keeps", async () => {
    const { tokens, probabilities, gained } = await distillation(world, KEYS);
    expect(tokens.mean).toBeGreaterThan(3 * tokens.error);
    expect(gained.mean).toBeGreaterThan(3 * gained.error);
    expect(probabilities.mean / tokens.mean).toBeGreaterThan(1.5);
  });

  it("L12: a student with little capacity learns h = 1 and not h = 2, where a count student learns both", async () => {
    const [one, two] = await capacity(world, KEYS, [1, 2]);
    expect(one.small.mean).toBeGreaterThan(3 * one.small.error);
    expect(two.small.mean).toBeLessThan(one.small.mean / 3);
    // The corpus holds the mark of h = 2: room is what the small student lacks.
    expect(two.roomy.mean).toBeGreaterThan(3 * two.roomy.error);
    expect(two.small.mean / two.roomy.mean).toBeLessThan(one.small.mean / one.roomy.mean / 1.5);
  });

  it("L13: a Gumbel mark of h = 1 stays in every token but leaves few windows, and z counts each once", async () => {
    const [gumbel, green] = await collapse(world, KEYS, 2000);
    expect(gumbel.perToken.mean).toBeGreaterThan(2 * gumbel.perToken.error);
    expect(gumbel.z.mean).toBeGreaterThan(3 * gumbel.z.error);
    expect(gumbel.taught.mean).toBeLessThan(green.taught.mean / 2);
    expect(gumbel.distinct.mean).toBeLessThan(green.distinct.mean / 3);
    // Every position taken as evidence of its own would claim this z.
    const naive = gumbel.perToken.mean * Math.sqrt(gumbel.tokens);
    expect(gumbel.z.mean).toBeLessThan(naive / 2);
  });
});
