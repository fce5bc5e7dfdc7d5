import { describe, expect, it } from "vitest";
import { attributionPlan, coalitionZ, layerZ, rotatedZ, tenantZ } from "../../src/index.js";

describe("how evidence divides", () => {
  it("names the share that 24,000 tenants leave room for (survival-science D.7: 17 % at Z0 = 40, 55 % at 12)", () => {
    const among = { tenants: 24_000, alpha: 1e-3, power: 0.9 };
    expect(attributionPlan(40, among).threshold).toBeCloseTo(5.37, 1);
    expect(attributionPlan(40, among).smallestShare).toBeCloseTo(0.17, 2);
    expect(attributionPlan(12, among).smallestShare).toBeCloseTo(0.55, 2);
    expect(attributionPlan(0, among).smallestShare).toBe(Infinity);
  });

  it("taxes rotation by √K, layers by √α and coalitions by their size", () => {
    expect(tenantZ(40, 0.25)).toBe(10);
    expect(rotatedZ(12, 4)).toEqual({ each: 3, combined: 6 });
    expect(layerZ(10, 0.25)).toBe(5);
    expect(coalitionZ(10, 5)).toBe(2);
  });

  it.each([
    [() => tenantZ(1, 1.1), "share"],
    [() => rotatedZ(1, 0), "epochs"],
    [() => layerZ(1, -1), "share"],
    [() => coalitionZ(1, 1.5), "members"],
    [() => attributionPlan(1, { tenants: 0, alpha: 0.1, power: 0.9 }), "tenants"],
  ])("refuses what is out of range (%#)", (call, names) => {
    expect(call).toThrow(new RegExp(`^${names}: expected`));
  });
});
