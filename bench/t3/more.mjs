// Records more of the teacher's marked answers, so that every arm has 300,000 marked tokens: prompts that
// fixtures/corpora did not use, answered at up to 200 tokens with the same key, profile and sampling. PyTorch proposes
// the tokens of the same dequantised weights, the product's own sampler marks and draws them.
//   node bench/t3/more.mjs PYTHON h2 h4
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync } from "node:fs";
import seedrandom from "seedrandom";
import { bindScheme } from "@verdigris/core";
import { readTokenizer } from "@verdigris/text";
import { createSampler } from "@verdigris/watermark";
import { SAMPLING, profileOf, testKey } from "../../fixtures/corpora/arms.mjs";
import { prompts } from "../../fixtures/corpora/prompts.mjs";
import { LONGEST_NEW_ANSWER, PROTOCOL, WORK, at, chatTokens, readLines } from "./arms.mjs";

const ROWS = 64;
const CANDIDATES = 100;
const END = 2;
const END_TOKENS = new Set([0, END]);
const [python, ...arms] = process.argv.slice(2);

mkdirSync(new URL("corpus/", WORK), { recursive: true });
const tokenizer = await readTokenizer(at("fixtures/models/smollm2/tokenizer.json"));
const teacher = spawn(python, [at("bench/t3/candidates.py")], {
  stdio: ["pipe", "pipe", "inherit"],
});
const replies = reader(teacher.stdout);
// Only id and version enter the key derivation.
const noDigest = { id: "pending", sha256: "0".repeat(64) };
for (const name of arms)
  await record(name, bindScheme(profileOf(Number(name.slice(1)), noDigest), testKey()));
teacher.stdin.end();

async function record(name, scheme) {
  const file = new URL(`corpus/${name}.jsonl`, WORK);
  const recorded = readLines(at(`fixtures/corpora/smollm2/${name}.jsonl.br`));
  const done = existsSync(file) ? readLines(file) : [];
  const used = new Set([...recorded, ...done].map((line) => line.id));
  const free = prompts.filter((prompt) => !used.has(prompt.id));
  let tokens = [...recorded, ...done].reduce((sum, line) => sum + line.tokens.length, 0);
  while (tokens < PROTOCOL.training.answerTokens && free.length > 0) {
    const wanted = Math.ceil((PROTOCOL.training.answerTokens - tokens) / 180);
    const asked = free.splice(0, Math.min(ROWS, Math.max(8, wanted)));
    const answers = await answer(name, scheme, asked);
    const lines = answers.map((answered, row) => {
      tokens += answered.length;
      const { id, text: prompt } = asked[row];
      return `${JSON.stringify({ id, prompt, text: tokenizer.decode(Uint32Array.from(answered)), tokens: answered })}\n`;
    });
    appendFileSync(file, lines.join(""));
    console.error(`${name}: ${tokens} tokens, ${new Date().toISOString()}`);
  }
}

/** One batch of answers, in lockstep; a row that has ended draws on unread. */
async function answer(name, scheme, asked) {
  const rows = asked.map((prompt) => ({
    sample: createSampler(SAMPLING, scheme, { next: seedrandom(`${name}/${prompt.id}`) }),
    text: chatTokens(tokenizer, prompt.text),
    answer: [],
    open: true,
  }));
  teacher.stdin.write(
    `${JSON.stringify({ prompts: rows.map((row) => row.text), steps: LONGEST_NEW_ANSWER })}\n`,
  );
  const drawn = new Uint32Array(rows.length);
  const block = 4 * CANDIDATES * rows.length;
  for (let step = 0; step < LONGEST_NEW_ANSWER; step++) {
    const ids = new Uint32Array((await replies(block)).buffer);
    const logits = new Float32Array((await replies(block)).buffer);
    for (const [i, row] of rows.entries()) {
      if (!row.open) continue;
      const span = [i * CANDIDATES, (i + 1) * CANDIDATES];
      const candidates = { ids: ids.subarray(...span), logits: logits.subarray(...span) };
      const context = Uint32Array.from(row.text);
      drawn[i] = row.sample(candidates, { context, marked: true });
      if (END_TOKENS.has(drawn[i])) row.open = false;
      else row.answer.push(drawn[i]);
      row.text.push(drawn[i]);
    }
    if (step + 1 < LONGEST_NEW_ANSWER) teacher.stdin.write(Buffer.from(drawn.slice().buffer));
  }
  return rows.map((row) => row.answer);
}

/** Reads exactly n bytes at a time from a stream. */
function reader(stream) {
  const chunks = stream[Symbol.asyncIterator]();
  let held = Buffer.alloc(0);
  return async (n) => {
    while (held.length < n) {
      const { value, done } = await chunks.next();
      if (done) throw new Error("the teacher stopped");
      held = Buffer.concat([held, value]);
    }
    const out = Uint8Array.from(held.subarray(0, n));
    held = held.subarray(n);
    return out;
  };
}
