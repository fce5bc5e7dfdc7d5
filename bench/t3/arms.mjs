// The arms of the T3 study and what every step of it shares.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import { mixCorpus, randomStream } from "@verdigris/survival";
import { ARMS as RECORDED } from "../../fixtures/corpora/arms.mjs";

const root = new URL("../../", import.meta.url);

/** Where the study works; nothing in it is needed once its results are packed. */
export const WORK = new URL(".cache/t3/", root);

/** Path of a file of the repository. */
export const at = (path) => fileURLToPath(new URL(path, root));

/** What was decided before any audit. */
export const PROTOCOL = JSON.parse(readFileSync(at("bench/t3/protocol.json"), "utf8"));

/** Marked arms by name, with the context width of their mark; the unmarked arm is the control with rho = 0. */
export const ARMS = [
  { name: "unmarked", h: null },
  { name: "h1", h: 1 },
  { name: "h2", h: 2 },
  { name: "h4", h: 4 },
];

const [START, END] = [1, 2];

/** The chat template of SmolLM2, up to where the answer begins, as token ids. */
export function chatTokens(tokenizer, text) {
  const encode = (part) => Array.from(tokenizer.encode(part));
  return [START, ...encode(`user\n${text}`), END, ...encode("\n"), ...HEADER];
}

/** Its last part, `<|im_start|>assistant` and a newline: all that precedes an answer in training. */
export const HEADER = [START, 520, 9531, 198];

/** Text of a file, packed (.br) or not. */
export function readPlain(path) {
  const bytes = readFileSync(path);
  return (String(path).endsWith(".br") ? brotliDecompressSync(bytes) : bytes).toString("utf8");
}

/** Lines of a JSONL file, packed (.br) or not. */
export function readLines(path) {
  return readPlain(path)
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

export const LONGEST_NEW_ANSWER = 200;

/** All answers of an arm: those of the recorded corpus and the further ones. */
export function answersOf(name) {
  const { maxTokens } = RECORDED.find((arm) => arm.name === name);
  const recorded = readLines(at(`fixtures/corpora/smollm2/${name}.jsonl.br`));
  const packed = at(`fixtures/corpora/smollm2-more/${name}.jsonl.br`);
  const fresh = new URL(`corpus/${name}.jsonl`, WORK);
  const more = [packed, fresh].find((path) => existsSync(path));
  return [
    ...recorded.map((line) => ({ ...line, maxTokens })),
    ...(more === undefined ? [] : readLines(more)).map((line) => ({
      ...line,
      maxTokens: LONGEST_NEW_ANSWER,
    })),
  ];
}

/** The training corpus of an arm's student: exactly the protocol's number of answer tokens. */
export function corpusOf(name) {
  const texts = answersOf(name).map(({ id, tokens }) => ({
    prompt: id,
    tokens: Uint32Array.from(tokens),
  }));
  return mixCorpus(
    { marked: texts, unmarked: [] },
    { rho: 1, tokens: PROTOCOL.training.answerTokens, random: randomStream("t3", name) },
  );
}

/** Where the recorded answers of an arm are kept. */
export const PACKED = (arm) => new URL(`../../fixtures/t3/${arm}.json.br`, import.meta.url);

/** Tokenizer of every mark here. */
export const TOKENIZER = {
  id: "smollm2",
  sha256: "e707dd900c8d2317ea9dd1e437280a145208779bfe031892f253a58c503e51e4",
};

/** Widths of the marks under which a student's answers on a set are scored: its own, or all for a control. */
export function marksOf(arm, set) {
  const own = ARMS.find(({ name }) => name === arm)?.h ?? null;
  const all = own === null ? [1, 2, 4] : [own];
  return all.filter((h) => !set.startsWith("served-") || set === `served-h${h}`);
}

/** 16-bit numbers from base64. */
export function shortsOf(base64) {
  const bytes = Buffer.from(base64, "base64");
  return new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}
