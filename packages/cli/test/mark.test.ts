import type { LlamaLanguageModel, LlamaOptions } from "@verdigris/watermark/node-llama-cpp";
import { openLlama } from "@verdigris/watermark/node-llama-cpp";
import { describe, expect, test } from "vitest";
import type { Io } from "../src/io.js";
import {
  KEY,
  KEY_HEX,
  chunks,
  cli,
  file,
  inFolder,
  jsonl,
  keyPath,
  profilePath,
  profileWith,
  score,
  tokenizer,
  wordModel,
} from "./support.js";

/** A stand-in for the engine; remembers what it was asked. */
function engine(chatTokens = 1): {
  openModel: Io["openModel"];
  opened: LlamaOptions[];
  encoded: string[];
  disposed: () => number;
} {
  const opened: LlamaOptions[] = [];
  const encoded: string[] = [];
  let disposals = 0;
  const openModel = async (options: LlamaOptions): Promise<LlamaLanguageModel> => {
    opened.push(options);
    return {
      ...wordModel("engine"),
      sequences: options.sequences ?? 8,
      encode(prompt: string) {
        if (prompt === "<|im_start|>") return Uint32Array.from({ length: chatTokens }, () => 1);
        encoded.push(prompt);
        return tokenizer.encode(prompt);
      },
      decode: (tokens) => tokenizer.decode(tokens),
      contextSize: options.contextSize ?? 1024,
      chat: () => null,
      async dispose() {
        disposals++;
      },
    };
  };
  return { openModel, opened, encoded, disposed: () => disposals };
}

const usual = [
  "--model",
  "tiny.gguf",
  "--profile",
  profilePath,
  "--key-file",
  keyPath,
  "--max-tokens",
  "150",
  "--seed",
  "7",
];

describe("verdigris mark", () => {
  test("writes text that score detects", async () => {
    const { openModel, encoded, disposed } = engine();
    const { code, stdout, stderr } = await cli(["mark", "Write words.", ...usual], { openModel });
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(encoded).toEqual(["<|im_start|>user\nWrite words.<|im_end|>\n<|im_start|>assistant\n"]);
    expect(disposed()).toBe(1);
    expect((await score(file("answer.txt", stdout))).code).toBe(0);
  });

  test("JSON lines carry prompt, tokens, profile and key id, and score reads them", async () => {
    const prompts = file("prompts.txt", "First\r\n\nSecond\n");
    const { openModel } = engine();
    const { stdout } = await cli(["mark", "--prompts", prompts, ...usual, "--format", "jsonl"], {
      openModel,
    });
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map((line) => line["prompt"])).toEqual(["First", "Second"]);
    expect(Object.keys(lines[0])).toEqual(["prompt", "text", "tokens", "profile", "keyId"]);
    expect(lines[0]).toMatchObject({ profile: "test-h2", keyId: KEY.id });
    expect(lines[0]["tokens"]).toHaveLength(150);
    expect((await score(file("answers.jsonl", stdout))).code).toBe(0);
  });

  test("JSON is one document", async () => {
    const prompts = jsonl({ prompt: "One" }, { prompt: "Two" });
    const path = file("prompts.jsonl", prompts);
    const { stdout } = await cli(
      ["mark", "--prompts", path, ...usual, "--format", "json"],
      engine(),
    );
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      answers: [{ prompt: "One" }, { prompt: "Two" }],
    });
  });

  test("prompts from standard input", async () => {
    const { openModel } = engine();
    const { code, stdout } = await cli(["mark", "--prompts", "-", ...usual], {
      openModel,
      stdin: chunks("A\nB\nC\n"),
    });
    expect(code).toBe(0);
    expect(stdout.trimEnd().split("\n")).toHaveLength(3);
  });

  test("a seed repeats a run, another does not", async () => {
    const answer = async (seed: string): Promise<string> =>
      (await cli(["mark", "Words", ...usual, "--seed", seed], engine())).stdout;
    expect(await answer("1")).toBe(await answer("1"));
    expect(await answer("1")).not.toBe(await answer("2"));
  });

  test("no chat template with --raw, nor for a vocabulary without one", async () => {
    const raw = engine();
    await cli(["mark", "Once", ...usual, "--raw"], raw);
    expect(raw.encoded).toEqual(["Once"]);
    const plain = engine(5);
    await cli(["mark", "Once", ...usual], plain);
    expect(plain.encoded).toEqual(["Once"]);
  });

  test("the model's own template where its vocabulary is not ChatML's", async () => {
    const { openModel, encoded } = engine(5);
    const shown: unknown[] = [];
    const templated: Io["openModel"] = async (options) => ({
      ...(await openModel(options)),
      chat: (messages) => {
        shown.push(...messages);
        return tokenizer.encode("[INST] Once [/INST]");
      },
    });
    const { code } = await cli(["mark", "Once", ...usual], { openModel: templated });
    expect([code, encoded, shown]).toEqual([0, [], [{ role: "user", content: "Once" }]]);
  });

  test("without a mark, to compare with: the same draws, and no key is asked for", async () => {
    const unmarked = ["--unmarked", "--model", "tiny.gguf", "--max-tokens", "150", "--seed", "7"];
    const args = ["mark", "Write words.", ...unmarked, "--format", "jsonl"];
    const { code, stdout, stderr } = await cli(args, engine());
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({ profile: null, keyId: null });
    expect((JSON.parse(stdout) as { tokens: number[] }).tokens).toHaveLength(150);
    expect((await score(file("unmarked.jsonl", stdout))).code).toBe(1);
    expect((await cli(args, engine())).stdout).toBe(stdout);
  });

  test("the engine is asked for as much as is needed", async () => {
    const { opened, openModel } = engine();
    await cli(["mark", "Once", ...usual, "--top-k", "500"], { openModel });
    expect(opened).toEqual([
      {
        modelPath: expect.stringMatching(/tiny\.gguf$/),
        sequences: 1,
        contextSize: 2198,
        candidates: 500,
      },
    ]);
  });
});

describe("verdigris mark: bad input", () => {
  test("no such model: how to get one", async () => {
    const { code, stderr } = await cli(
      ["mark", "Once", ...usual, "--model", inFolder("none.gguf")],
      { openModel: openLlama },
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^error: model: no file .*none\.gguf\. Any GGUF model works; .*how to get/,
    );
  });

  const strict = file("strict.json", JSON.stringify(profileWith({ keyId: "0123456789abcdef" })));
  const small = file("small.json", JSON.stringify(profileWith({ V: 1000 })));
  test.each([
    ["no prompt", [], /expected either PROMPT or --prompts FILE, got neither/],
    [
      "a mark and none",
      ["Once", "--unmarked"],
      /expected either --profile FILE or --unmarked, got both/,
    ],
    ["two kinds of prompts", ["Once", "--prompts", "x.txt"], /got both/],
    ["a blank prompt", [" "], /expected some text, got none/],
    [
      "a prompt that is too long",
      [" word".repeat(3000)],
      /prompt: expected at most 2048 tokens, got \d+/,
    ],
    ["missing prompts", ["--prompts", inFolder("none.txt")], /none\.txt does not exist/],
    [
      "a broken prompt record",
      ["--prompts", file("bad.jsonl", "{}\n")],
      /bad\.jsonl:1: no field "prompt"/,
    ],
    [
      "another key than the profile's",
      ["Once", "--profile", strict],
      /is for key 0123456789abcdef, but the key given is/,
    ],
    [
      "a vocabulary that is too small",
      ["Once", "--profile", small],
      /expected a profile with V ≥ the model's vocabulary \(49152\), got 1000/,
    ],
    [
      "a temperature below 0",
      ["Once", "--temperature=-1"],
      /--temperature.*Expected a number in \[0, 100\], got "-1"/,
    ],
    ["a top-p of 0", ["Once", "--top-p", "0"], /--top-p.*\(0, 1\], got "0"/],
    ["a min-p of 1", ["Once", "--min-p", "1"], /--min-p.*\[0, 1\), got "1"/],
    ["a key as prompt file", ["--prompts", KEY_HEX], /\[64 hex digits\] does not exist/],
  ])("%s", async (_what, args, says) => {
    const { code, stdout, stderr } = await cli(["mark", ...usual, ...args], engine());
    expect(stderr).toMatch(says);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });
});
