// Tokenising with the word cache of @verdigris/text against @huggingface/tokenizers by itself, interleaved, one core:
//   node bench/speed/tokenizer.mjs [--json FILE]
// "cold" makes a tokenizer for each run, as `score` does; the library has a cache of its own, of whole words, in both.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import { Tokenizer } from "@huggingface/tokenizers";
import { readTokenizer } from "@verdigris/text";
import { interleaved, report, round } from "./timing.mjs";

const fixture = (name) => new URL(`../../fixtures/${name}`, import.meta.url);
const path = fileURLToPath(fixture("models/smollm2/tokenizer.json"));
const [json, config] = ["", "_config"].map((name) =>
  JSON.parse(readFileSync(fixture(`models/smollm2/tokenizer${name}.json`), "utf8")),
);
const read = (name) =>
  brotliDecompressSync(readFileSync(fixture(`corpora/${name}`))).toString("utf8");
const RUNS = 5;

const texts = {
  // The form feeds between the addresses would count as foreign line breaks.
  "human, addresses": read("human/sotu.txt.br").replaceAll("\n\f\n", "\n\n").slice(0, 1_000_000),
  "human, a novel": read("human/moby-dick.txt.br").replaceAll("\n\f\n", "\n\n").slice(0, 1_000_000),
  "a model's answers": read("smollm2/unmarked.jsonl.br")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).text)
    .join("\n\n")
    .slice(0, 1_000_000),
};

const rows = [];
for (const [what, text] of Object.entries(texts)) {
  const ours = await Promise.all(Array.from({ length: RUNS + 1 }, () => readTokenizer(path)));
  const theirs = ours.map(() => new Tokenizer(json, config));
  const warm = await readTokenizer(path);
  const whole = warm.encode(text);
  const { ids } = theirs[0].encode(text, { add_special_tokens: false });
  if (ids.length !== whole.length || ids.some((id, i) => id !== whole[i]))
    throw new Error(`${what}: other ids`);
  theirs[0] = new Tokenizer(json, config);
  const times = interleaved(
    {
      library: () => theirs.pop().encode(text, { add_special_tokens: false }).ids.length,
      cold: () => ours.pop().encode(text).length,
      warm: () => warm.encode(text).length,
    },
    { rounds: RUNS, warmUp: 1 },
  );
  const megabytes = Buffer.byteLength(text) / 1e6;
  rows.push({
    text: what,
    MB: round(megabytes),
    "library, MB/s": round((megabytes / times.library) * 1e6),
    "cold, MB/s": round((megabytes / times.cold) * 1e6),
    "warm, MB/s": round((megabytes / times.warm) * 1e6),
    "cold against library": round(times.library / times.cold),
    "warm against library": round(times.library / times.warm),
  });
}
report("tokenizer", rows, { ids: "the same in every row" });
