import { binomialLog10P, gammaLog10Q, normalLog10Q } from "@verdigris/detector";
import { zOf } from "@verdigris/detector/peers";
import * as z from "zod";
import { real } from "../comparison.js";
import { type VectorFamily, section } from "../section.js";

const NAMED: Readonly<Record<string, number>> = { inf: Infinity, "-inf": -Infinity, nan: NaN };
const DECIMAL = /^[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?$/i;

/** A number with more digits than a double holds, as text. */
const decimal = z
  .string()
  .refine((text) => text in NAMED || DECIMAL.test(text), "expected a decimal number");
const log10 = decimal.transform((text) => NAMED[text] ?? Number(text));

/** log10 of a probability whose text may be below the smallest double. */
const probability = decimal.transform((text) => {
  const [mantissa, exponent = "0"] = text.toLowerCase().split("e");
  return Math.log10(Number(mantissa)) + Number(exponent);
});

/** p to 1e-11 relative, which is 5e-12 in log10 p; to 1e-13 of log10 p where that is far below. */
const LOG10 = { relative: 1e-13, absolute: 5e-12 };

/** P(X ≥ k), also where k is outside 0 … n. */
function binomialTail(k: number, n: number, gamma: number): number {
  return k > n ? -Infinity : binomialLog10P(Math.max(0, k), n, gamma);
}

const binomial = section(
  z.object({
    n: z.int(),
    k: z.int(),
    gamma: z.number(),
    log10_sf: log10,
    sf_ge_k: probability.optional(),
    mid_p: probability.optional(),
  }),
  ({ n, k, gamma, log10_sf, sf_ge_k = log10_sf, mid_p }, compare) => {
    const tail = binomialTail(k, n, gamma);
    compare.close("log10_sf", tail, log10_sf, LOG10);
    compare.close("sf_ge_k", tail, sf_ge_k, LOG10);
    if (mid_p === undefined) return;
    const next = binomialTail(k + 1, n, gamma);
    const middle = tail + Math.log10((1 + 10 ** (next - tail)) / 2);
    compare.close("mid_p", middle, mid_p, LOG10);
  },
);

const normal = section(
  z.object({ z: real, log10_sf: log10, sf: probability.optional() }),
  ({ z: at, log10_sf, sf = log10_sf }, compare) => {
    compare.close("log10_sf", normalLog10Q(at), log10_sf, LOG10);
    compare.close("sf", normalLog10Q(at), sf, LOG10);
  },
);

const gamma = section(
  z.object({ n: z.number(), x: real, log10_Q: log10, Q: probability.optional() }),
  ({ n, x, log10_Q, Q = log10_Q }, compare) => {
    compare.close("log10_Q", gammaLog10Q(x, n), log10_Q, LOG10);
    compare.close("Q", gammaLog10Q(x, n), Q, LOG10);
  },
);

const zScore = section(
  z.object({ green: z.int(), T: z.int(), gamma: z.number(), z: real }),
  (record, compare) => {
    const found = zOf(record.green, record.T, record.gamma);
    compare.close("z", found, record.z, { relative: 1e-12, absolute: 1e-12 });
  },
);

/** Tail probabilities against mpmath: `stats.json`. scipy's own values beside them are not checked. */
export function stats(): VectorFamily {
  return {
    name: "stats",
    about: [],
    sections: { binomial, normal, gamma, z: zScore },
  };
}
