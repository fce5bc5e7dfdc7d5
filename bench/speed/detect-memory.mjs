// Memory of a detection: it grows with the distinct coins, not with the text, and never with tokens × V.
//
//   node bench/speed/detect-memory.mjs [--json FILE]        needs built packages (pnpm build)
//
// Peak resident memory of a process that counts a text, less that of one that only binds the scheme.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Key, bindScheme, createKernel, parseProfile } from "@verdigris/core";
import { Tally } from "@verdigris/detector";
import { humanTokens } from "./human-tokens.mjs";
import { report } from "./timing.mjs";

const V = 262_144;
const N = 100_000;
const PROFILES = ["hf-lefthash", "synthid-hf"];
const [child] = process.argv.slice(2);

if (child === "--child") {
  const [name, times] = process.argv.slice(3);
  console.log(JSON.stringify(await count(name, Number(times))));
} else {
  const rows = PROFILES.flatMap((name) => {
    const bound = run(name, 0).peak;
    return [1, 10].map((times) => {
      const { peak, distinct } = run(name, times);
      return {
        profile: name,
        tokens: times * N,
        "distinct coins": distinct,
        "MiB above binding": Math.round((peak - bound) / 1024),
        "tokens × V bits, MiB": Math.round((times * N * V) / 8 / 2 ** 20),
      };
    });
  });
  report("detect-memory", rows, {
    V,
    text: `the first ${N} tokens of human text, once and ten times`,
  });
}

function run(name, times) {
  const self = fileURLToPath(import.meta.url);
  return JSON.parse(
    execFileSync(process.execPath, [self, "--child", name, String(times)], { encoding: "utf8" }),
  );
}

/** Counts the text `times` times over in one tally, a piece at a time. */
async function count(name, times) {
  const file = new URL(`../../fixtures/profiles/${name}.json`, import.meta.url);
  const profile = parseProfile({ ...JSON.parse(readFileSync(file, "utf8")), V });
  const { tokens } = await humanTokens(N);
  const key = Key.fromBytes(new Uint8Array(32).fill(7));
  const tally = new Tally(bindScheme(profile, key, createKernel()));
  for (let i = 0; i < times; i++) tally.add({ tokens });
  return { peak: process.resourceUsage().maxRSS, distinct: tally.count().n };
}
