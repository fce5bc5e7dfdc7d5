// Attribution: 10^5 tenants' keys, derived from a master key, on 2,000 tokens of human text, our own schemes, one core.
// Seconds are of processor time, with the wall clock's beside them.
//
//   node bench/speed/attribution.mjs [--json FILE]        needs built packages (pnpm build)
import { Key, createKernel } from "@verdigris/core";
import { attribute } from "@verdigris/detector";
import { humanTokens } from "./human-tokens.mjs";
import { manyKeysProfiles, markOf } from "./profiles.mjs";
import { cpuSeconds, report, round } from "./timing.mjs";

const N = 2000;
const KEYS = 100_000;
const V = 49_152;
const MASTER = Key.fromBytes(new Uint8Array(32).fill(7));
const { tokens, source } = await humanTokens(N);
const kernel = createKernel();

function* tenants(n) {
  for (let i = 0; i < n; i++) {
    const name = `tenant-${i}`;
    yield { name, level: "tenant", key: MASTER.derive({ provider: "bench", tenant: name }) };
  }
}

const derivation = cpuSeconds(() => [...tenants(KEYS / 10)].length);
const rows = manyKeysProfiles(V).map((profile) => {
  let result;
  const { cpu, wall } = cpuSeconds(() => {
    result = attribute(profile, [{ tokens }], tenants(KEYS), { effect: 0.2, kernel });
    return result.keys;
  });
  return {
    ...markOf(profile),
    keys: KEYS,
    coins: result.forecast.n,
    seconds: round(cpu),
    "wall seconds": round(wall),
    "µs per key": round((cpu / KEYS) * 1e6),
    "of it derivation": round((derivation.cpu / (KEYS / 10)) * 1e6),
    verdict: result.kind,
  };
});
const goal = "10^5 keys on 2,000 tokens in < 60 s";
report("attribution", rows, { tokens: source, gamma: 0.25, goal });
