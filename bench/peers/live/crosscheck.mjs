// Both ways with the real peers, on SmolLM2's real logits: text the peer embedded is detected here, text embedded here
// is detected by the peer, nothing is found here in unmarked text, and what the peer's detector prints on all of these
// texts is what `--as-peer` prints. Exit 1 if any of that fails; single texts that are missed here are listed.
//
//   sh bench/peers/live/setup.sh && node bench/peers/live/crosscheck.mjs [--quick] [--json FILE]
//
// Needs built packages and the model. The README's table of the JSON: node bench/peers/live/crosscheck-table.mjs
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { Key, parseProfile } from "@verdigris/core";
import { detect } from "@verdigris/detector";
import { asPeer } from "@verdigris/detector/peers";
import { readTokenizer } from "@verdigris/text";
import { report } from "../../speed/timing.mjs";
import { marks, peersJson } from "./peers.mjs";

const root = (path) => new URL(`../../../${path}`, import.meta.url).pathname;
const quick = process.argv.includes("--quick");
const TEXTS = quick ? 2 : 8;
const UNMARKED = quick ? 4 : 32;
const PROMPT_LENGTH = 24;
const LENGTH = 160;
const ALPHA = 0.001;
/** What all texts of a mark together must reach. */
const ALL_LOG10P = -12;
/** Largest difference allowed between a figure of a peer and ours: counts must be equal. */
const TOLERANCE = 1e-5;
const MODEL = root("fixtures/models/SmolLM2-135M-Instruct.Q4_1.gguf");
const CLI = root("packages/cli/bin/verdigris.js");

const tokenizer = await readTokenizer(root("fixtures/models/smollm2/tokenizer.json"));
const corpus = brotliDecompressSync(
  readFileSync(root("fixtures/corpora/smollm2/unmarked.jsonl.br")),
)
  .toString("utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line))
  .map(({ prompt, text }) => ({ prompt, tokens: [...tokenizer.encode(text)].slice(0, LENGTH) }))
  .filter(({ tokens }) => tokens.length === LENGTH);
const prompts = corpus.slice(0, TEXTS);
const unmarked = corpus.slice(TEXTS, TEXTS + UNMARKED).map(({ tokens }) => tokens);

const profiles = marks.map(({ profile }) =>
  parseProfile(JSON.parse(readFileSync(root(`fixtures/profiles/${profile}.json`), "utf8"))),
);
const keys = marks.map(({ key }) => Key.fromPeer(key));
const ours = marks.map((mark) => embedHere(mark));
const fromPeers = peersJson("crosscheck", {
  model: MODEL,
  marks,
  prompts: prompts.map(({ tokens }) => tokens.slice(0, PROMPT_LENGTH)),
  length: LENGTH,
  ours,
  unmarked,
});

const rows = marks.map(({ profile, peer }, i) => {
  const { answers, own, ours: oursThere, unmarked: unmarkedThere } = fromPeers[i];
  const here = (texts) => texts.filter((text) => isDetected(i, [text])).length;
  const there = (verdicts) => verdicts.filter(({ detected }) => detected).length;
  const all = [...answers, ...ours[i], ...unmarked];
  return {
    mark: profile,
    peer,
    texts: TEXTS,
    unmarkedTexts: UNMARKED,
    theirsFoundHere: here(answers),
    theirsFoundThere: there(own),
    theirsLog10P: log10P(i, answers),
    missedHere: missedHere(i, answers, own),
    oursFoundHere: here(ours[i]),
    oursFoundThere: there(oursThere),
    oursLog10P: log10P(i, ours[i]),
    unmarkedFoundHere: here(unmarked),
    unmarkedFoundThere: there(unmarkedThere),
    ...differences(i, all, [...own, ...oursThere, ...unmarkedThere]),
  };
});
report("crosscheck", rows, {
  versions: peersJson("versions"),
  model: "SmolLM2-135M-Instruct Q4_1",
  text: `${TEXTS} texts of at most ${LENGTH} tokens each way, temperature 1, top-k 50; ${UNMARKED} unmarked ones`,
  alpha: {
    here: ALPHA,
    peers: "their own thresholds: z > 3 (transformers), z > 4 (MarkLLM), p ≤ .01 (vLLM, SGLang)",
  },
  tolerance: TOLERANCE,
});
// A single text may be too weak for p ≤ .001 where a peer counts repeats or asks for less; all texts together may not.
const failed = rows.filter(
  (row) =>
    row.theirsLog10P > ALL_LOG10P ||
    row.oursLog10P > ALL_LOG10P ||
    row.theirsFoundThere < TEXTS ||
    row.oursFoundThere < TEXTS ||
    row.unmarkedFoundHere > 0 ||
    row.maxDifference > TOLERANCE,
);
if (failed.length > 0) {
  console.error(`failed: ${failed.map(({ mark, peer }) => `${mark} (${peer})`).join(", ")}`);
  process.exitCode = 1;
}

/** Answers marked by this package, as they were drawn: tokens. */
function embedHere({ profile, key }) {
  const directory = mkdtempSync(join(tmpdir(), "crosscheck-"));
  try {
    const [keyFile, questions] = [join(directory, "key"), join(directory, "prompts.jsonl")];
    writeFileSync(keyFile, key, { mode: 0o600 });
    writeFileSync(
      questions,
      prompts.map(({ prompt }) => `${JSON.stringify({ prompt })}\n`).join(""),
    );
    const settings = `mark --format jsonl --top-k 50 --seed 7 --max-tokens ${LENGTH}`.split(" ");
    const files = ["--profile", root(`fixtures/profiles/${profile}.json`), "--key-file", keyFile];
    const out = execFileSync(
      process.execPath,
      [CLI, ...settings, ...files, "--model", MODEL, "--prompts", questions],
      { encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "inherit"] },
    );
    const lines = out.split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line).tokens);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** By the exact p-value alone: 99 decoys for each of the texts would take most of the time. */
function verdictHere(i, texts) {
  const pieces = texts.map((tokens) => ({ tokens: Uint32Array.from(tokens) }));
  return detect(profiles[i], keys[i], pieces, { alpha: ALPHA, decoys: 0 });
}

function isDetected(i, texts) {
  return verdictHere(i, texts).kind === "detected";
}

/** The peer's texts that are not found here: our count and exact p, and the figures of the peer that found them. */
function missedHere(i, texts, verdicts) {
  return texts.flatMap((tokens, t) => {
    const { kind, count, log10P: exact } = verdictHere(i, [tokens]);
    if (kind === "detected") return [];
    return [{ n: count.n, log10P: Number(exact.toFixed(2)), there: verdicts[t].figures }];
  });
}

/** Of all texts together. */
function log10P(i, texts) {
  return Number(verdictHere(i, texts).log10P.toFixed(1));
}

/**
 * How far the figures that a peer printed are from those of `asPeer` on the same tokens: p-values by their log10,
 * others relative to the larger of the figure and 1.
 */
function differences(i, texts, verdicts) {
  let [figuresCompared, maxDifference, atMost] = [0, 0, ""];
  texts.forEach((tokens, t) => {
    const { figures } = asPeer(profiles[i], keys[i], Uint32Array.from(tokens));
    for (const [name, theirs] of Object.entries(verdicts[t].figures)) {
      if (!(name in figures)) throw new Error(`${marks[i].profile} has no figure ${name}`);
      const far = difference(name, theirs, figures[name]);
      if (!(far <= maxDifference)) [maxDifference, atMost] = [far, name];
      figuresCompared++;
    }
  });
  return { figuresCompared, maxDifference, largestIn: atMost };
}

function difference(name, theirs, here) {
  if (theirs === here) return 0;
  if (/^p(_value|$)/.test(name)) return Math.abs(Math.log10(theirs) - Math.log10(here));
  return Math.abs(theirs - here) / Math.max(1, Math.abs(theirs));
}
