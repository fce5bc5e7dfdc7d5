// Detection alone on 10^5 tokens of human text: coins from the scheme, and the full tally. Million tokens/s, one core.
//
//   node bench/speed/detect.mjs [--json FILE]        needs built packages (pnpm build)
import { Key, bindScheme, coinsOf, createKernel } from "@verdigris/core";
import { Tally } from "@verdigris/detector";
import { humanTokens } from "./human-tokens.mjs";
import { profileOf } from "./profiles.mjs";
import { interleaved, report, round } from "./timing.mjs";

const N = 100_000;
const PIECE = 8192;
const KEY = Key.fromBytes(new Uint8Array(32).fill(7));
const V = 49_152;
const ROUNDS = { rounds: 31, warmUp: 5 };
const { tokens, source } = await humanTokens(N);

/** Seed and score of every position, a piece at a time. */
function coinSteps(scheme) {
  const starts = Array.from({ length: Math.ceil(N / PIECE) }, (_, i) => i * PIECE);
  return starts.map((start) => () => {
    const piece = tokens.subarray(Math.max(0, start - scheme.h), Math.min(N, start + PIECE));
    return coinsOf(scheme, piece).score[0];
  });
}

/** One document at once: from nothing to the count. */
function tallyOnce(scheme) {
  return () => {
    const tally = new Tally(scheme);
    tally.add({ tokens });
    return tally.count().sum;
  };
}

const kernel = createKernel();
const rows = [];
for (const seeding of ["left", "min", "self"]) {
  for (const h of [1, 2, 4]) {
    const scheme = bindScheme(profileOf({ V, gamma: 0.25, h, seeding }), KEY, kernel);
    const time = interleaved({ coins: coinSteps(scheme), tally: tallyOnce(scheme) }, ROUNDS);
    const count = new Tally(scheme);
    count.add({ tokens });
    rows.push({
      seeding,
      h,
      path: kernel.path,
      "coins M tokens/s": round(N / time.coins),
      "tally M tokens/s": round(N / time.tally),
      "distinct coins": count.count().n,
    });
  }
}
report("detect", rows, {
  tokens: source,
  gamma: 0.25,
  goal: "tally ≥ 10 M tokens/s with left seeding",
});
