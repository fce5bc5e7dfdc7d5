// Packs the further marked answers into fixtures/corpora/smollm2-more: one Brotli JSONL file an arm, and the manifest.
//   node bench/t3/pack-corpus.mjs
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";
import { readTokenizer } from "@verdigris/text";
import manifest from "../../fixtures/corpora/smollm2/manifest.json" with { type: "json" };
import { prompts } from "../../fixtures/corpora/prompts.mjs";
import { LONGEST_NEW_ANSWER, WORK, at, readLines } from "./arms.mjs";

/** What proposed the tokens; the same weights, sampling and sampler. h1 and h2 were begun before the batched generator. */
const ENGINES = { h1: "node-llama-cpp 3.22.1", h2: "node-llama-cpp 3.22.1", h4: "torch 2.15.0" };

const out = new URL("../../fixtures/corpora/smollm2-more/", import.meta.url);
const tokenizer = await readTokenizer(at("fixtures/models/smollm2/tokenizer.json"));
const textOf = new Map(prompts.map(({ id, text }) => [id, text]));
mkdirSync(out, { recursive: true });

const arms = Object.entries(ENGINES).map(([name, engine]) => {
  const answers = readLines(new URL(`corpus/${name}.jsonl`, WORK));
  const lines = answers.map(({ id, tokens }) => {
    const text = tokenizer.decode(Uint32Array.from(tokens));
    return `${JSON.stringify({ id, prompt: textOf.get(id), text, tokens })}\n`;
  });
  const content = Buffer.from(lines.join(""));
  const bytes = brotliCompressSync(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
  writeFileSync(new URL(`${name}.jsonl.br`, out), bytes);
  const { profile } = manifest.arms.find((arm) => arm.name === name);
  const tokens = answers.reduce((sum, answer) => sum + answer.tokens.length, 0);
  console.log(`${name}: ${answers.length} answers, ${tokens} tokens, ${bytes.length} bytes`);
  return {
    name,
    file: `${name}.jsonl.br`,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    texts: answers.length,
    tokens,
    maxTokens: LONGEST_NEW_ANSWER,
    engine,
    profile,
  };
});
const { model, sampling, prompt } = manifest;
const content = {
  model,
  sampling,
  prompt,
  tokenizer: manifest.tokenizer,
  keyFile: manifest.keyFile,
  arms,
};
writeFileSync(new URL("manifest.json", out), `${JSON.stringify(content, null, 2)}\n`);
