// Both ways with the real peers, on SmolLM2's real logits: text the peer embedded is detected here, text embedded here
// is detected by the peer, and neither finds a mark in unmarked text.
//
//   sh bench/peers/live/setup.sh && node bench/peers/live/crosscheck.mjs [--json FILE]     needs built packages and the model
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { Key, parseProfile } from "@verdigris/core";
import { detect } from "@verdigris/detector";
import { readTokenizer } from "@verdigris/text";
import { report } from "../../speed/timing.mjs";
import { PYTHON, marks, peers } from "./peers.mjs";

const TEXTS = 8;
const PROMPT_LENGTH = 24;
const LENGTH = 160;
const ALPHA = 0.001;
const fixture = (path) => new URL(`../../../fixtures/${path}`, import.meta.url).pathname;
const MODEL = fixture("models/SmolLM2-135M-Instruct.Q4_1.gguf");
const CLI = new URL("../../../packages/cli/dist/bin.js", import.meta.url).pathname;

const tokenizer = await readTokenizer(fixture("models/smollm2/tokenizer.json"));
const unmarked = brotliDecompressSync(readFileSync(fixture("corpora/smollm2/unmarked.jsonl.br")))
  .toString("utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line))
  .map(({ prompt, text }) => ({ prompt, tokens: [...tokenizer.encode(text)] }))
  .filter(({ tokens }) => tokens.length >= PROMPT_LENGTH + LENGTH)
  .slice(0, TEXTS);

const profiles = marks.map(({ profile }) =>
  parseProfile(JSON.parse(readFileSync(fixture(`profiles/${profile}.json`), "utf8"))),
);
const keys = marks.map(({ key }) => Key.fromPeer(key));
const ours = marks.map((mark) => embedHere(mark));
const job = {
  model: MODEL,
  marks,
  prompts: unmarked.map(({ tokens }) => tokens.slice(0, PROMPT_LENGTH)),
  length: LENGTH,
  ours,
  unmarked: unmarked.map(({ tokens }) => ({ prompt: [], tokens: tokens.slice(0, LENGTH) })),
};
const theirs = JSON.parse(
  execFileSync(PYTHON, [peers, "crosscheck"], {
    input: JSON.stringify(job),
    maxBuffer: 1 << 28,
    stdio: ["pipe", "pipe", "inherit"],
  }),
);

const rows = marks.map(({ profile, peer }, i) => {
  const here = (texts) => summary(texts.map((text) => verdictHere(i, [text])));
  return {
    mark: profile,
    peer,
    "peer's text, found here": here(theirs[i].answers),
    "pooled log10 p": pooled(i, theirs[i].answers),
    "found by the peer": summary(theirs[i].own),
    "our text, found by the peer": summary(theirs[i].ours),
    "found here": here(ours[i]),
    "pooled log10 p of ours": pooled(i, ours[i]),
    "unmarked, here / peer": `${here(job.unmarked)} / ${summary(theirs[i].unmarked)}`,
  };
});
report("crosscheck", rows, {
  versions: JSON.parse(execFileSync(PYTHON, [peers, "versions"], { encoding: "utf8" })),
  model: "SmolLM2-135M-Instruct Q4_1",
  texts: `${TEXTS} of ${LENGTH} tokens each, temperature 1, top-k 50`,
  alpha: {
    here: ALPHA,
    peers: "their own defaults: z > 3 (transformers), z > 4 (MarkLLM), p ≤ .01",
  },
});

/** Answers marked by this package: tokens as they were drawn. */
function embedHere({ profile, key }) {
  const directory = mkdtempSync(join(tmpdir(), "crosscheck-"));
  try {
    const [keyFile, prompts] = [join(directory, "key"), join(directory, "prompts.jsonl")];
    writeFileSync(keyFile, key, { mode: 0o600 });
    writeFileSync(
      prompts,
      unmarked.map(({ prompt }) => `${JSON.stringify({ prompt })}\n`).join(""),
    );
    const settings = `mark --format jsonl --top-k 50 --seed 7 --max-tokens ${LENGTH}`.split(" ");
    const files = ["--profile", fixture(`profiles/${profile}.json`), "--key-file", keyFile];
    const out = execFileSync(
      process.execPath,
      [CLI, ...settings, ...files, "--model", MODEL, "--prompts", prompts],
      { encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "ignore"] },
    );
    const lines = out.split("\n").filter((line) => line !== "");
    return lines.map((line) => ({ prompt: [], tokens: JSON.parse(line).tokens }));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function verdictHere(i, texts) {
  const pieces = texts.map(({ prompt, tokens }) => ({
    tokens: Uint32Array.from(tokens),
    prompt: Uint32Array.from(prompt),
  }));
  const verdict = detect(profiles[i], keys[i], pieces, { alpha: ALPHA });
  return { ...verdict, detected: verdict.kind === "detected" };
}

function pooled(i, texts) {
  return Number(verdictHere(i, texts).evidence.log10P.toFixed(1));
}

function summary(verdicts) {
  return `${verdicts.filter(({ detected }) => detected).length}/${verdicts.length}`;
}
