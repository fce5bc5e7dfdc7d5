import { readFileSync } from "node:fs";
import { join } from "node:path";
import { datasetFormats } from "@verdigris/survival";
import { expect, test } from "vitest";
import {
  KEY,
  TOKENIZER,
  cli,
  file,
  inFolder,
  jsonl,
  profilePath,
  text,
  tokenizer,
  words,
} from "./support.js";

const marked = await Promise.all(
  Array.from({ length: 6 }, async (_, i) => {
    const tokens = await words(`dataset ${i}`, 40, { key: KEY });
    return { prompt: `question ${i}`, text: tokenizer.decode(tokens), tokens: Array.from(tokens) };
  }),
);
const unmarked = await Promise.all(
  Array.from({ length: 6 }, async (_, i) => ({
    prompt: `other question ${i}`,
    text: await text(`plain ${i}`, 40, { key: null }),
  })),
);
const markedPath = file("lessons-marked.jsonl", jsonl(...marked));
const unmarkedPath = file("lessons-plain.jsonl", jsonl(...unmarked));

function dataset(...args: readonly string[]): ReturnType<typeof cli> {
  const fixed = ["--profile", profilePath, "--tokenizer", TOKENIZER, "--marked", markedPath];
  return cli(["dataset", ...fixed, "--unmarked", unmarkedPath, ...args]);
}

test("mixes the shares asked for, the same way every time, and says what it holds", async () => {
  const out = inFolder("mixed");
  const args = ["--rho", "0.25", "--tokens", "160", "--format", "trl", "--out", out];
  const { code, stderr } = await dataset(...args);
  expect([code, stderr]).toEqual([0, expect.stringContaining("160 tokens, rho 0.25")]);
  const lines = readFileSync(join(out, "train.jsonl"), "utf8");
  const rows = lines
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<"prompt" | "completion", [{ content: string }]>);
  const tokens = rows.map(({ completion: [{ content }] }) => tokenizer.encode(content).length);
  const isMarked = rows.map(({ prompt: [{ content }] }) => content.startsWith("question"));
  expect(tokens.reduce((sum, n) => sum + n, 0)).toBe(160);
  expect(tokens.filter((_, i) => isMarked[i]).reduce((sum, n) => sum + n, 0)).toBe(40);
  await dataset(...args);
  expect(readFileSync(join(out, "train.jsonl"), "utf8")).toBe(lines);
  await dataset(...args, "--seed", "2");
  expect(readFileSync(join(out, "train.jsonl"), "utf8")).not.toBe(lines);
  const about = JSON.parse(readFileSync(join(out, "verdigris-dataset.json"), "utf8")) as object;
  expect(about).toMatchObject({ format: "trl", tokens: 160, rho: 0.25, examples: rows.length });
});

test("offers every format of the registry", async () => {
  const { stdout } = await cli(["dataset", "--help"]);
  for (const { name } of datasetFormats) expect(stdout).toContain(`"${name}"`);
});

test("lays the trainer's own description beside the examples", async () => {
  const out = inFolder("llama-factory");
  const format = ["--format", "llama-factory-sharegpt", "--name", "thief"];
  await dataset("--tokens", "80", ...format, "--out", out);
  const info = JSON.parse(readFileSync(join(out, "dataset_info.json"), "utf8")) as object;
  expect(info).toMatchObject({ thief: { file_name: "thief.jsonl", formatting: "sharegpt" } });
});

test.each([
  ["too little text", ["--rho", "1", "--tokens", "100000"], /at most the 240 marked tokens/],
  ["an unknown format", ["--tokens", "10", "--format", "csv"], /Allowed choices are trl/],
])("refuses %s", async (_what, args, message) => {
  const { code, stderr } = await dataset("--out", inFolder("never"), ...args);
  expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
});

test("refuses an answer without its prompt", async () => {
  const bare = file("bare.jsonl", jsonl({ text: "an answer to nothing" }));
  const { code, stderr } = await dataset(
    "--marked",
    bare,
    "--tokens",
    "5",
    "--out",
    inFolder("no"),
  );
  expect([code, stderr]).toEqual([2, expect.stringContaining("field `prompt`")]);
});
