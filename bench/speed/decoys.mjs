// The decoy-key test: 1,000 keys on 10^5 tokens of human text, our own schemes, one core; and a tally per key beside it.
// Seconds are of processor time, with the wall clock's beside them.
//
//   node bench/speed/decoys.mjs [--json FILE]        needs built packages (pnpm build)
import { Key, bindScheme, createKernel } from "@verdigris/core";
import { Tally, decoyKey, decoyTest, evidenceOf } from "@verdigris/detector";
import { humanTokens } from "./human-tokens.mjs";
import { manyKeysProfiles, markOf } from "./profiles.mjs";
import { cpuSeconds, median, report, round } from "./timing.mjs";

const N = 100_000;
const KEYS = 1000;
/** Keys of the comparison with a tally each. */
const FEW = 20;
const ROUNDS = 5;
const V = 49_152;
const { tokens, source } = await humanTokens(N);
const kernel = createKernel();
const pieces = [{ tokens }];

function tallyEach(profile) {
  let sum = 0;
  for (let i = 0; i < FEW; i++) {
    const tally = new Tally(bindScheme(profile, decoyKey(i), kernel));
    tally.add(pieces[0]);
    sum += tally.count().sum;
  }
  return sum;
}

const rows = manyKeysProfiles(V).map((profile) => {
  const bound = bindScheme(profile, Key.fromBytes(new Uint8Array(32).fill(7)), kernel);
  const tally = new Tally(bound);
  tally.add(pieces[0]);
  const statistic = evidenceOf(bound.law, tally.count());
  const test = (keys) => decoyTest(profile, pieces, { keys, statistic, kernel });
  const [together, each] = [[], []];
  for (let turn = 0; turn < ROUNDS; turn++) {
    together.push(cpuSeconds(() => test(FEW).p).cpu);
    each.push(cpuSeconds(() => tallyEach(profile)).cpu);
  }
  let result;
  const { cpu, wall } = cpuSeconds(() => {
    result = test(KEYS);
    return result.p;
  });
  return {
    ...markOf(profile),
    keys: KEYS,
    seconds: round(cpu),
    "wall seconds": round(wall),
    "M keys·tokens/s": round((KEYS * N) / cpu / 1e6),
    "tally per key / together": round(median(each) / median(together)),
    "variance inflation": round(result.varianceInflation),
  };
});
report("decoys", rows, {
  tokens: source,
  gamma: 0.25,
  goal: "1,000 keys on 10^5 tokens in < 10 s",
});
