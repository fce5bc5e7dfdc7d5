import { binomialLog10P, gammaLog10Q, normalLog10Q } from "@verdigris/detector";
import { zOf } from "@verdigris/detector/peers";
import * as z from "zod";
import { type VectorFamily, section } from "../section.js";

const decimal = z.string().transform(Number);
/** p to 1e-11 relative, which is 5e-12 in log10 p; to 1e-13 of log10 p where that is far below. */
const LOG10 = { relative: 1e-13, absolute: 5e-12 };

const binomial = section(
  z.object({ n: z.int(), k: z.int(), gamma: z.number(), log10_sf: decimal }),
  ({ n, k, gamma, log10_sf }, compare) => {
    compare.close(
      "log10_sf",
      k > n ? -Infinity : binomialLog10P(Math.max(0, k), n, gamma),
      log10_sf,
      LOG10,
    );
  },
);

const normal = section(z.object({ z: z.number(), log10_sf: decimal }), (record, compare) => {
  compare.close("log10_sf", normalLog10Q(record.z), record.log10_sf, LOG10);
});

const gamma = section(
  z.object({ n: z.number(), x: z.number(), log10_Q: decimal }),
  (record, compare) => {
    compare.close("log10_Q", gammaLog10Q(record.x, record.n), record.log10_Q, LOG10);
  },
);

const zScore = section(
  z.object({ green: z.int(), T: z.int(), gamma: z.number(), z: z.number() }),
  (record, compare) => {
    const found = zOf(record.green, record.T, record.gamma);
    compare.close("z", found, record.z, { relative: 1e-12, absolute: 1e-12 });
  },
);

/** Tail probabilities against mpmath: `stats.json`. */
export function stats(): VectorFamily {
  return {
    name: "stats",
    about: ["family", "note"],
    sections: { binomial, normal, gamma, z: zScore },
  };
}
