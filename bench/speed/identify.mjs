// Identification: 60 keys of one profile on 20,000 tokens of which half repeat, identify against a tally per key. One core.
//
//   node bench/speed/identify.mjs [--json FILE]        needs built packages (pnpm build)
import { readFileSync } from "node:fs";
import { bindScheme, createKernel, parseProfile } from "@verdigris/core";
import { randomTokens } from "@verdigris/core/testing";
import { Tally, decoyKey, evidenceOf, identify } from "@verdigris/detector";
import { cpuSeconds, median, report, round } from "./timing.mjs";

const KEYS = 60;
const read = (path) =>
  parseProfile(
    JSON.parse(readFileSync(new URL(`../../fixtures/${path}`, import.meta.url), "utf8")),
  );
const profiles = {
  "green-list, h = 2": { ...read("corpora/smollm2/profile-h2.json"), keyId: null },
  "synthid, table": read("profiles/synthid-hf.json"),
  "vllm-gumbel": read("profiles/vllm-gumbel.json"),
};
const tokens = randomTokens(20_000, 49_152, 3).map((id, t) =>
  t % 500 < 250 ? 17 + (id % 9000) : 20_000 + (t % 7) * 91,
);
const kernel = createKernel();
const rows = Object.entries(profiles).map(([profile, value]) => {
  const keys = Array.from({ length: KEYS }, (_, i) => decoyKey(i));
  const candidates = keys.map((key) => ({ profile: value, key }));
  const shared = () => {
    const { results } = identify(candidates, () => [{ tokens }], { kernel });
    return results.reduce((sum, { evidence }) => sum + evidence.log10P, 0);
  };
  const alone = () =>
    keys.reduce((sum, key) => {
      const scheme = bindScheme(value, key, kernel);
      const tally = new Tally(scheme);
      tally.add({ tokens });
      return sum + evidenceOf(scheme.law, tally.count()).log10P;
    }, 0);
  if (Math.abs(shared() - alone()) > 1e-9) throw new Error(`${profile}: the results differ`);
  // Processor time, one after the other by turns: other work on the machine does not count.
  const seconds = { shared: [], alone: [] };
  for (let turn = -1; turn < 5; turn++) {
    for (const [name, task] of Object.entries({ shared, alone })) {
      const { cpu } = cpuSeconds(task);
      if (turn >= 0) seconds[name].push(cpu);
    }
  }
  const [together, apart] = [seconds.shared, seconds.alone].map((of) => (median(of) * 1000) / KEYS);
  return {
    profile,
    identifyMs: round(together),
    tallyMs: round(apart),
    ratio: round(apart / together),
  };
});
report("speed/identify", rows, { keys: KEYS, tokens: tokens.length });
