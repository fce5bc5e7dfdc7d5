// Text to verdict against the tokenizer alone, and the memory of a 100 MB file, in one run on one core:
//   node bench/speed/score.mjs [--json FILE]
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import { Key, createKernel, parseProfile } from "@verdigris/core";
import { Detector } from "@verdigris/detector";
import { normalise, readTokenizer } from "@verdigris/text";
import { interleaved, report, round } from "./timing.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const corpora = join(root, "fixtures/corpora");
const tokenizerPath = join(root, "fixtures/models/smollm2/tokenizer.json");
const profilePath = join(corpora, "smollm2/profile-h2.json");
const keyPath = join(corpora, "test-key.txt");
const sotu = brotliDecompressSync(readFileSync(join(corpora, "human/sotu.txt.br"))).toString(
  "utf8",
);
// One text of plain prose: the form feeds between the addresses would count as foreign line breaks.
const text = sotu.replaceAll("\n\f\n", "\n\n").slice(0, 2_000_000);
const kernel = createKernel();
const profile = parseProfile(JSON.parse(readFileSync(profilePath, "utf8")));
const key = Key.fromText(readFileSync(keyPath, "utf8"));
// A tokenizer of its own for every measurement: its word cache must not be warm in one and cold in the other.
const fresh = () => readTokenizer(tokenizerPath);
const tokenizers = await Promise.all(Array.from({ length: 24 }, fresh));

const times = interleaved(
  {
    tokenizer: () => tokenizers.pop().encode(text).length,
    score: () => {
      const detector = new Detector(profile, key, { decoys: 0, kernel });
      detector.add({ tokens: tokenizers.pop().encode(normalise(text).text) });
      return detector.verdict().count.n;
    },
  },
  { rounds: 9, warmUp: 1 },
);
const megabytes = text.length / 1e6;
const rows = [
  {
    what: "2 MB of prose, cold tokenizer",
    "tokenizer alone, MB/s": round((megabytes / times.tokenizer) * 1e6),
    "normalise + tokenise + score, MB/s": round((megabytes / times.score) * 1e6),
    "share of the tokenizer's throughput": round(times.tokenizer / times.score),
  },
];
report("score", rows, { memory: memoryOfHundredMegabytes() });

/** Peak memory of `verdigris score` on a 100 MB text file, MB. */
function memoryOfHundredMegabytes() {
  const folder = mkdtempSync(join(tmpdir(), "verdigris-score-"));
  try {
    const file = join(folder, "large.txt");
    const copies = Math.ceil(100e6 / Buffer.byteLength(sotu));
    writeFileSync(file, Array.from({ length: copies }, () => sotu).join("\n"));
    const settings = [
      "--profile",
      profilePath,
      "--key-file",
      keyPath,
      "--tokenizer",
      tokenizerPath,
    ];
    const script = `
      process.argv = ["node", "verdigris", "score", ...${JSON.stringify([file, ...settings])}];
      const started = performance.now();
      await import(${JSON.stringify(join(root, "packages/cli/bin/verdigris.js"))});
      const seconds = (performance.now() - started) / 1000;
      const megabytes = process.resourceUsage().maxRSS / 1024;
      console.error(JSON.stringify({ code: process.exitCode, megabytes, seconds }));
      process.exitCode = 0;`;
    const { stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script]);
    const output = stderr.toString().trim().split("\n").at(-1);
    const { code, megabytes: peak, seconds } = JSON.parse(output);
    console.log(
      `100 MB text file: peak ${peak.toFixed(0)} MiB, ${seconds.toFixed(1)} s, exit code ${code}`,
    );
    return { peakMiB: Math.round(peak), seconds: round(seconds), exitCode: code };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
