// What every suspect of the T3 study is asked: texts read aloud to it (teacher forcing), and prompts to answer freely.
// The same for all arms, fixed before any of them is looked at, and made again from the corpora by the scorer.
//   node bench/t3/questions.mjs     writes .cache/t3/audit/questions.jsonl for audit.py
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { randomStream } from "@verdigris/survival";
import { readTokenizer } from "@verdigris/text";
import { prompts } from "../../fixtures/corpora/prompts.mjs";
import {
  ARMS,
  HEADER,
  PROTOCOL,
  WORK,
  answersOf,
  at,
  chatTokens,
  corpusOf,
  readPlain,
} from "./arms.mjs";

const { positionsPerSet, textTokens, rowsPerSet, freeRun } = PROTOCOL.audit;
/** Tokens of context every scored position has: the widest mark's h. */
const CONTEXT = 4;

/** Sets of questions by name; each text is {tokens, from}: positions from `from` on belong to the text. */
export async function questions() {
  const tokenizer = await readTokenizer(at("fixtures/models/smollm2/tokenizer.json"));
  const corpora = Object.fromEntries(ARMS.map(({ name }) => [name, corpusOf(name)]));
  const sets = {
    human: human(tokenizer),
    unmarked: corpora.unmarked.texts.map(({ tokens }) => tokens),
    ...Object.fromEntries(
      ARMS.filter(({ h }) => h !== null).map(({ name }) => [
        `served-${name}`,
        corpora[name].texts.map(({ tokens }) => tokens),
      ]),
    ),
  };
  const read = Object.entries(sets).map(([set, texts]) => ({ set, texts: chosen(set, texts) }));
  const trained = new Map(corpora.unmarked.texts.map((text) => [text.prompt, text.tokens.length]));
  const left = answersOf("unmarked")
    .map(({ id, tokens }) => Uint32Array.from(tokens).subarray(trained.get(id) ?? 0))
    .filter((tokens) => tokens.length > CONTEXT);
  return {
    read: [...read, { set: "held-out", texts: left.map(asText) }],
    free: Array.from({ length: freeRun.prompts * freeRun.answersPerPrompt }, (_, i) =>
      chatTokens(tokenizer, prompts.at(-1 - (i % freeRun.prompts)).text),
    ),
  };
}

const asText = (tokens) => ({ tokens: [...HEADER, ...tokens], from: HEADER.length });

/** Texts in random order, up to the number of positions wanted. */
function chosen(set, texts) {
  const random = randomStream("t3 audit", set);
  const order = texts
    .map((tokens) => ({ tokens, at: random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ tokens }) => tokens.subarray(0, textTokens));
  const out = [];
  for (let positions = 0; positions < positionsPerSet; positions += out.at(-1).length)
    out.push(order[out.length]);
  return out.map(asText);
}

function human(tokenizer) {
  return ["sotu", "moby-dick"].flatMap((name) => {
    const tokens = tokenizer.encode(
      readPlain(at(`fixtures/corpora/human/${name}.txt.br`)).slice(0, 1_200_000),
    );
    return Array.from({ length: Math.floor(tokens.length / textTokens) }, (_, i) =>
      tokens.subarray(i * textTokens, (i + 1) * textTokens),
    );
  });
}

/**
 * Positions whose whole distribution is recorded: each the first of its set after its last token, so that the windows of
 * every h are distinct and none was in sight before.
 */
export function rowsOf(texts) {
  const seen = new Set();
  const out = [];
  for (const [text, { tokens, from }] of texts.entries()) {
    for (let position = from + 1; position < tokens.length; position++) {
      const last = tokens[position - 1];
      if (seen.has(last)) continue;
      seen.add(last);
      if (position >= from + CONTEXT && out.length < rowsPerSet) out.push([text, position]);
    }
  }
  return out;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { read, free } = await questions();
  const lines = read.map(({ set, texts }) =>
    JSON.stringify({ set, texts, rows: set === "held-out" ? [] : rowsOf(texts) }),
  );
  const content = `${[...lines, JSON.stringify({ set: "free", prompts: free })].join("\n")}\n`;
  mkdirSync(new URL("audit/", WORK), { recursive: true });
  writeFileSync(new URL("audit/questions.jsonl", WORK), content);
  for (const { set, texts } of read)
    console.log(
      `${set}: ${texts.length} texts, ${texts.reduce((sum, { tokens, from }) => sum + tokens.length - from, 0)} positions, ${rowsOf(texts).length} rows`,
    );
  console.log(`SHA-256 ${createHash("sha256").update(content).digest("hex")}`);
}
