// Writes an arm's training corpus for train.py as token ids: the assistant's header, then the answer. Prompts are left
// out: they would take a fifth of the compute, and no audit asks for them.
//   node bench/t3/corpus.mjs unmarked h1 h2 h4
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { HEADER, WORK, answersOf, corpusOf } from "./arms.mjs";

const END = 2;

mkdirSync(new URL("train/", WORK), { recursive: true });
for (const name of process.argv.slice(2)) {
  const byId = new Map(answersOf(name).map((answer) => [answer.id, answer]));
  const { texts, tokenCount } = corpusOf(name);
  const lines = texts.map(({ prompt, tokens }) => {
    const answer = byId.get(prompt);
    // The teacher ended the answer itself only if it stopped before its limit.
    const ended = tokens.length === answer.tokens.length && tokens.length < answer.maxTokens;
    return JSON.stringify({
      id: prompt,
      prompt: HEADER,
      answer: ended ? [...tokens, END] : Array.from(tokens),
    });
  });
  const content = `${lines.join("\n")}\n`;
  writeFileSync(new URL(`train/${name}.jsonl`, WORK), content);
  const sha256 = createHash("sha256").update(content).digest("hex");
  console.log(`${name}: ${lines.length} answers, ${tokenCount} tokens, SHA-256 ${sha256}`);
}
