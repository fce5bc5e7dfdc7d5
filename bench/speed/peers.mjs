// Marks of other projects in this package alone: detection of 10^4 tokens of human text, and embedding of one row.
//
//   node bench/speed/peers.mjs [--json FILE]        needs built packages (pnpm build)
import { readFileSync } from "node:fs";
import { Key, bindScheme, createKernel, parseProfile } from "@verdigris/core";
import { Tally } from "@verdigris/detector";
import { humanTokens } from "./human-tokens.mjs";
import { interleaved, report, round } from "./timing.mjs";

const N = 10_000;
const V = 49_152;
const KEY = Key.fromBytes(new Uint8Array(32).fill(7));
const { tokens, source } = await humanTokens(N);
const kernel = createKernel();
const rows = [];
for (const name of [
  "hf-lefthash",
  "hf-selfhash",
  "synthid-hf",
  "synthid-head",
  "markllm-kgw",
  "unigram",
  "vllm-gumbel",
  "sglang-gumbel",
]) {
  const file = new URL(`../../fixtures/profiles/${name}.json`, import.meta.url);
  const scheme = bindScheme(parseProfile(JSON.parse(readFileSync(file, "utf8"))), KEY, kernel);
  const logits = Float32Array.from({ length: V }, (_, i) => ((i * 7919) % 1000) / 100);
  const row = new Float32Array(V);
  const time = interleaved(
    {
      tally() {
        const tally = new Tally(scheme);
        tally.add({ tokens });
        return tally.count().sum;
      },
      embed() {
        row.set(logits);
        scheme.reweight(tokens.subarray(0, 64), row);
        return row[0];
      },
    },
    { rounds: 5, warmUp: 1 },
  );
  rows.push({
    profile: name,
    "detection, tokens/s": Math.round((N / time.tally) * 1e6),
    "embedding, µs/token": round(time.embed),
  });
}
report("peers", rows, { tokens: source, V });
