/** L10: the mark of each tenant survives as his share of what the student took. */
import { moments } from "@verdigris/core";
import { type Text, attributionPlan, randomStream, rotatedZ, tenantZ } from "@verdigris/survival";
import { beforeAll, describe, expect, it } from "vitest";
import { type Lab, errorOf, lawKey, meanOf, measured, openExcess, openLab } from "./lab.js";

const KEYS = 6;
const TOKENS = 40_000;
const SHARES = [0.5, 0.25, 0.15, 0.1] as const;
const H = 1;

describe("laws of division, count students", () => {
  let lab: Lab;
  /** z that a closed audit of so many contexts is expected to have, by tenant, in each replicate; and of one key for all. */
  const tenants: number[][] = [];
  const whole: number[] = [];
  const strangers: number[] = [];

  async function train(parts: readonly (readonly Text[])[], name: string) {
    const texts = parts.flat();
    const corpus = {
      texts,
      marked: texts.map(() => true),
      tokenCount: texts.reduce((sum, text) => sum + text.tokens.length, 0),
      rho: 1,
    };
    return lab.apprenticeship.train(corpus, randomStream("L10", name));
  }

  beforeAll(async () => {
    lab = await openLab();
    for (let k = 0; k < KEYS; k++) {
      const contexts = lab.contexts(H, 2500, k);
      const schemes = SHARES.map((_, j) => lab.scheme(H, lawKey(k, j)));
      const unit = Math.sqrt(contexts.length / moments(schemes[0].law).variance);
      const parts = await Promise.all(
        schemes.map((scheme, j) =>
          lab.write(scheme, SHARES[j] * TOKENS, randomStream("L10", k, j)),
        ),
      );
      const many = await train(parts, `many ${k}`);
      const z = schemes.map(
        async (scheme) => unit * (await openExcess(scheme, many, contexts)).epsilon,
      );
      tenants.push(await Promise.all(z));
      const stranger = lab.scheme(H, lawKey(k, 50));
      strangers.push(unit * (await openExcess(stranger, many, contexts)).epsilon);
      const one = lab.scheme(H, lawKey(k, 9));
      const single = await train(
        [await lab.write(one, TOKENS, randomStream("L10", k, "one"))],
        `one ${k}`,
      );
      whole.push(unit * (await openExcess(one, single, contexts)).epsilon);
    }
  });

  it("L10: z of a tenant is his share times the z of one key for all, R² > .97", ({ task }) => {
    const z0 = meanOf(whole);
    const z = SHARES.map((_, j) => meanOf(tenants.map((all) => all[j])));
    const errors = SHARES.map((_, j) => errorOf(tenants.map((all) => all[j])));
    const slope =
      SHARES.reduce((sum, share, j) => sum + share * z[j], 0) /
      SHARES.reduce((sum, share) => sum + share * share, 0);
    const mean = meanOf(z);
    const explained = SHARES.reduce((sum, share, j) => sum + (z[j] - slope * share) ** 2, 0);
    const total = z.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const r2 = 1 - explained / total;
    measured(
      task,
      `z = ${z.map((value, j) => `${value.toFixed(2)} ± ${errors[j].toFixed(2)}`).join(", ")} for shares ${SHARES.join(", ")}; Z0 = ${z0.toFixed(2)} ± ${errorOf(whole).toFixed(2)}, slope ${slope.toFixed(2)}, R² = ${r2.toFixed(4)}`,
    );
    expect(r2).toBeGreaterThan(0.97);
    SHARES.forEach((share, j) => {
      const allowed = 3 * Math.hypot(errors[j], share * errorOf(whole)) + 0.1 * share * z0;
      expect(Math.abs(z[j] - tenantZ(z0, share))).toBeLessThan(allowed);
    });
  });

  it("L10: epochs are tenants in time: Stouffer's sum over four keys loses the factor that rotation costs", ({
    task,
  }) => {
    const combined = tenants.map(
      (all) => all.reduce((sum, z) => sum + z, 0) / Math.sqrt(all.length),
    );
    const expected = meanOf(whole) / Math.sqrt(SHARES.length);
    measured(
      task,
      `Stouffer z = ${meanOf(combined).toFixed(2)} ± ${errorOf(combined).toFixed(2)} over 4 keys; Z0/√4 = ${expected.toFixed(2)}`,
    );
    // Unequal shares sum to one, too, so that Σ z_j / √K is Z0 / √K whatever they are.
    expect(rotatedZ(meanOf(whole), SHARES.length).combined).toBe(expected);
    const allowed = 3 * Math.hypot(errorOf(combined), errorOf(whole) / 2) + 0.1 * expected;
    expect(Math.abs(meanOf(combined) - expected)).toBeLessThan(allowed);
  });

  it("canary: a key that nobody was marked with has no share", () => {
    expect(strangers).toHaveLength(KEYS);
    expect(Math.abs(meanOf(strangers))).toBeLessThan(4 * errorOf(strangers));
    expect(meanOf(strangers)).toBeLessThan(tenantZ(meanOf(whole), SHARES[3]) / 2);
  });

  it("no tenant of 24,000 can be named from z as small as this one", () => {
    const among = { tenants: 24_000, alpha: 1e-3, power: 0.9 };
    expect(attributionPlan(meanOf(whole), among).smallestShare).toBeGreaterThan(0.5);
  });
});
