import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Lesson, datasetFormats, mixedDataset, randomStream } from "../src/index.js";

const example = { prompt: 'Why is "copper" green?', answer: "It is a patina.\nNot paint." };

/** The formats as the trainers' own documentation shows them (TRL, LLaMA-Factory's data/README, Axolotl). */
describe("dataset formats", () => {
  const format = (name: string): (typeof datasetFormats)[number] =>
    datasetFormats.find((one) => one.name === name) ?? expect.fail(name);

  test("TRL: conversational prompt-completion", () => {
    expect(format("trl").record(example)).toEqual({
      prompt: [{ role: "user", content: example.prompt }],
      completion: [{ role: "assistant", content: example.answer }],
    });
  });

  test("LLaMA-Factory finds both of its formats through dataset_info.json", () => {
    expect(format("llama-factory-sharegpt").record(example)).toEqual({
      conversations: [
        { from: "human", value: example.prompt },
        { from: "gpt", value: example.answer },
      ],
    });
    for (const name of ["llama-factory-sharegpt", "llama-factory-alpaca"]) {
      const own = format(name);
      const info = JSON.parse(own.companions("thief", "thief.jsonl")["dataset_info.json"]) as {
        thief: { file_name: string; formatting: string; columns: Record<string, string> };
      };
      expect(info.thief.file_name).toBe("thief.jsonl");
      expect(info.thief.formatting).toBe(name.replace("llama-factory-", ""));
      const record = own.record(example) as Record<string, unknown>;
      for (const column of Object.values(info.thief.columns)) expect(record).toHaveProperty(column);
    }
  });

  test("Axolotl reads the file it lies beside", () => {
    const { "axolotl.yaml": yaml } = format("axolotl").companions("thief", "thief.jsonl");
    expect(yaml).toContain('path: "thief.jsonl"');
    expect(yaml).toContain("type: chat_template");
    const [field] = /(?<=field_messages: )\w+/.exec(yaml) ?? [];
    expect(format("axolotl").record(example)).toHaveProperty(String(field));
  });
});

/** Letters as tokens, so that a cut shows. */
const lesson = (prompt: string, answer: string): Lesson => ({
  prompt,
  answer,
  tokens: Uint32Array.from(Buffer.from(answer)),
});
const decode = (tokens: Uint32Array): string => Buffer.from(tokens).toString();
const many = (letter: string): readonly Lesson[] =>
  Array.from({ length: 30 }, (_, i) => lesson(`${letter}${i}`, letter.repeat(5 + (i % 7))));

describe("mixedDataset", () => {
  test("holds exactly the tokens asked for, the marked share among them, each with its own prompt", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (tokens, rho) => {
          const source = { marked: many("m"), unmarked: many("u") };
          const mixed = mixedDataset(source, { rho, tokens, random: randomStream(tokens), decode });
          const all = mixed.examples.map(({ answer }) => answer).join("");
          expect(all.length).toBe(tokens);
          expect(all.replaceAll("u", "").length).toBe(Math.round(rho * tokens));
          expect(mixed.rho).toBe(Math.round(rho * tokens) / tokens);
          for (const { prompt, answer } of mixed.examples) expect(prompt[0]).toBe(answer[0]);
        },
      ),
      { seed: 7, numRuns: 60 },
    );
  });

  test("too little text is refused", () => {
    const source = { marked: many("m"), unmarked: [] };
    const options = { rho: 0.5, tokens: 100, random: randomStream("x"), decode };
    expect(() => mixedDataset(source, options)).toThrow(/at most the 0 unmarked tokens/);
  });
});
