import * as fc from "fast-check";
import { expect, test } from "vitest";
import { holm } from "../../src/index.js";

test("adjusts as in Holm 1979: .01, .04, .03 become .03, .06, .06", () => {
  const adjusted = holm([0.01, 0.04, 0.03].map(Math.log10)).map((value) => 10 ** value);
  expect(adjusted).toEqual([0.03, 0.06, 0.06].map((value) => expect.closeTo(value, 12) as number));
});

test("one test stays as it is", () => {
  expect(holm([-400])).toEqual([-400]);
});

test("never below the p-value, never above m times it or 1, and in the same order", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -300, max: 0, noNaN: true }), { maxLength: 20 }),
      (log10P) => {
        const adjusted = holm(log10P);
        log10P.forEach((p, i) => {
          expect(adjusted[i]).toBeGreaterThanOrEqual(p);
          expect(adjusted[i]).toBeLessThanOrEqual(
            Math.min(0, p + Math.log10(log10P.length)) + 1e-12,
          );
          log10P.forEach((q, j) => p <= q && expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j]));
        });
      },
    ),
    { seed: 1 },
  );
});
