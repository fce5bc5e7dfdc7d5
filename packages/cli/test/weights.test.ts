/** `sketch`, and `score --weights`. */
import { readFileSync } from "node:fs";
import { type LanguageModel, bindScheme } from "@verdigris/core";
import {
  ServingSketch,
  leverageWeights,
  repeatWeights,
  servedFilter,
  weightedTest,
} from "@verdigris/detector";
import { describe, expect, test } from "vitest";
import type { Io } from "../src/io.js";
import {
  KEY,
  PROFILE,
  TOKENIZER,
  cli,
  file,
  inFolder,
  jsonl,
  profilePath,
  score,
  text,
  tokenizer,
} from "./support.js";

const marked = await text("marked", 120);
const human = await text("human", 600, { key: null });
const served = file("served.txt", marked);
const suspect = file("suspect.txt", `${human}. ${marked}`);
const log = inFolder("served.sketch");
const made = await cli([
  "sketch",
  served,
  "--profile",
  profilePath,
  "--tokenizer",
  TOKENIZER,
  "--out",
  log,
]);
const sketch = ServingSketch.fromBytes(readFileSync(log));
const tokens = tokenizer.encode(readFileSync(suspect, "utf8"));
const scheme = bindScheme(PROFILE, KEY);

interface Printed {
  readonly verdict: string;
  readonly log10P: number;
  readonly z: number;
  readonly decoy: { readonly keys: number; readonly p: number; readonly vif: number };
  readonly weights?: { readonly kind: string; readonly effectiveN: number };
}

async function printed(...args: readonly string[]): Promise<Printed> {
  return JSON.parse((await score(suspect, "--format", "json", ...args)).stdout) as Printed;
}

describe("verdigris sketch", () => {
  test("counts the windows that were served, and tells how well", () => {
    expect(made).toMatchObject({ code: 0, stderr: "" });
    const n = tokenizer.encode(marked).length - PROFILE.h;
    expect(made.stdout).toMatch(new RegExp(`^${n} windows; a count is at most 1 too high`));
    expect(sketch.total).toBe(n);
    expect(sketch.counts(tokenizer.encode(marked)).every((count) => count >= 1)).toBe(true);
  });

  test("a broken record is told, the others are counted: exit 2", async () => {
    const path = file("served.jsonl", `${jsonl({ text: marked })}nonsense\n`);
    const out = inFolder("other.sketch");
    const args = ["--profile", profilePath, "--tokenizer", TOKENIZER, "--out", out];
    const { code, stderr } = await cli(["sketch", path, ...args]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/served\.jsonl:2: not JSON/)]);
    expect(ServingSketch.fromBytes(readFileSync(out)).total).toBe(sketch.total);
  });
});

describe("verdigris score --weights", () => {
  const weights = {
    leverage: leverageWeights(sketch, 3),
    served: servedFilter(sketch),
  };

  test.each(["leverage", "served"] as const)(
    "%s: the weighted test of the library",
    async (kind) => {
      const { log10P, effectiveN, zScore } = weightedTest(scheme, [{ tokens }], weights[kind]);
      const shown = await printed("--weights", kind, "--serving-log", log);
      expect(shown.verdict).toBe("detected");
      expect(shown.weights?.kind).toBe(kind);
      // Served n times of a few: 255ths of the largest weight and of 1 differ by rounding.
      expect(shown.log10P / log10P).toBeCloseTo(1, 2);
      expect((shown.weights?.effectiveN ?? 0) / effectiveN).toBeCloseTo(1, 2);
      expect(shown.z / zScore).toBeCloseTo(1, 2);
      expect(shown.decoy.keys).toBe(999);
      expect(shown.decoy.p).toBe(0.001);
      expect(Math.abs(shown.decoy.vif - 1)).toBeLessThan(0.25);
      // A mark that most of the text dilutes shows where it was served.
      expect(shown.log10P).toBeLessThan((await printed()).log10P - 5);
    },
  );

  test("repeats: the weighted test of the library, from the text alone", async () => {
    const start = tokens.subarray(0, 200);
    const thrice = [...tokens, ...start, ...start];
    const path = file("thrice.jsonl", jsonl({ text: "x", tokens: thrice }));
    const { log10P, effectiveN, n } = weightedTest(
      scheme,
      [{ tokens: Uint32Array.from(thrice) }],
      repeatWeights(scheme.h),
    );
    const { stdout } = await score(path, "--weights", "repeats", "--format", "json");
    const shown = JSON.parse(stdout) as Printed;
    expect(shown.weights?.kind).toBe("repeats");
    expect(shown.log10P / log10P).toBeCloseTo(1, 9);
    expect((shown.weights?.effectiveN ?? 0) / effectiveN).toBeCloseTo(1, 9);
    expect(effectiveN).toBeLessThan(0.95 * n);
  });

  test("the same however the text comes in parts", async () => {
    const [a, b] = [tokens.subarray(0, 333), tokens.subarray(333)];
    const whole = file("whole.jsonl", jsonl({ text: "x", tokens: [...tokens] }));
    const halves = file(
      "halves.jsonl",
      jsonl({ text: "x", tokens: [...a] }) + jsonl({ text: "x", tokens: [...b] }),
    );
    const of = async (path: string): Promise<Printed> => {
      const args = ["--weights", "served", "--serving-log", log, "--format", "json"];
      return JSON.parse((await score(path, ...args)).stdout) as Printed;
    };
    expect((await of(whole)).log10P).toBe(
      (await printed("--weights", "served", "--serving-log", log)).log10P,
    );
    // The first h positions of a document have no window.
    expect((await of(halves)).weights?.effectiveN).toBeLessThanOrEqual(
      (await of(whole)).weights?.effectiveN ?? 0,
    );
  });

  test("unmarked text is not detected, and one that was never served is too short", async () => {
    const path = file("human.txt", human);
    const args = ["--serving-log", log, "--format", "json"];
    const none = await score(path, "--weights", "leverage", ...args);
    expect([none.code, JSON.parse(none.stdout)]).toEqual([
      3,
      expect.objectContaining({ verdict: "too-short", log10P: 0, decoy: null }),
    ]);
  });

  test("entropy: a model that has no choice in some places lets them count for nothing", async () => {
    let [opened, disposed] = [0, 0];
    // Sure of itself wherever the text is human, and open where it is marked.
    const [start] = tokenizer.encode(marked);
    const from = tokens.lastIndexOf(start, tokens.length - 100);
    const sequence = (at: number): ReturnType<LanguageModel["start"]> => ({
      next: () =>
        Promise.resolve({
          ids: null,
          logits: Float32Array.from([at < from ? 50 : 0, 0, 0, 0]),
        }) as never,
      push: () => void at++,
      end: () => {},
    });
    const openModel = ((options: { modelPath: string }) => {
      opened++;
      expect(options.modelPath).toMatch(/m\.gguf$/);
      return Promise.resolve({
        vocabularySize: 49_152,
        endTokens: new Set(),
        sequences: 1,
        start: (prompt: Uint32Array) => {
          const place = tokens.subarray(1).findIndex((_, i) => tokens[i] === prompt[0]);
          return sequence(place === 0 ? 1 : from);
        },
        encode: () => new Uint32Array(0),
        decode: () => "",
        dispose: () => Promise.resolve(void disposed++),
      });
    }) as unknown as Io["openModel"];
    const args = [suspect, "--weights", "entropy", "--model", "m.gguf", "--format", "json"];
    const usual = [
      "--profile",
      profilePath,
      "--key-file",
      inFolder("key.txt"),
      "--tokenizer",
      TOKENIZER,
    ];
    const { code, stdout } = await cli(["score", ...usual, ...args], { openModel });
    const shown = JSON.parse(stdout) as Printed;
    expect(code).toBe(0);
    expect(shown.weights?.kind).toBe("entropy");
    expect(shown.weights?.effectiveN).toBeLessThan(140);
    expect(shown.log10P).toBeLessThan((await printed()).log10P - 5);
    expect([opened, disposed]).toEqual([1, 1]);
  });

  test("words, columns and the page say what positions were weighed by", async () => {
    const args = ["--weights", "leverage", "--serving-log", log];
    const page = inFolder("weighted.html");
    const { stdout } = await score(suspect, ...args, "--report", page);
    const says =
      /leverage \(n\/\(n \+ 3\), n from a log of \d+ windows\), worth [\d.]+ equal positions/;
    expect(stdout).toMatch(says);
    const html = readFileSync(page, "utf8");
    expect(html).toMatch(says);
    expect(html).toContain("this plot, the colours of tokens and the spans count them alike");
    const csv = (await score(suspect, ...args, "--format", "csv")).stdout.trim().split("\n");
    expect(csv[0]).toMatch(/,weights,effectiveN$/);
    expect(csv.at(-1)).toMatch(/,leverage,[\d.]+$/);
    expect((await score(suspect, "--format", "csv")).stdout.trim()).toMatch(/,,$/);
  });

  test.each([
    [["--weights", "leverage"], /--weights leverage: expected --serving-log FILE/],
    [["--weights", "entropy"], /--weights entropy: expected --model FILE/],
    [["--weights", "served", "--serving-log", log, "--model", "m"], /and no other source/],
    [["--weights", "repeats", "--serving-log", log], /expected no other source than the text/],
    [["--model", "m.gguf"], /--weights: expected it with --model or --serving-log/],
    [["--weights", "mass"], /Allowed choices are entropy, leverage, served, repeats/],
    [["--weights", "served", "--serving-log", inFolder("gone")], /gone does not exist/],
    [["--weights", "served", "--serving-log", suspect], /not a serving sketch/],
    [
      [
        "--weights",
        "served",
        "--serving-log",
        file("h1", new ServingSketch({ h: 1, width: 256, salt: new Uint8Array(32) }).toBytes()),
      ],
      /expected windows of h = 2 tokens, got 1/,
    ],
    [
      ["--weights", "leverage", "--serving-log", log, "--inertia", "0"],
      /number in \(0, 1000000000\], got "0"/,
    ],
  ])("%j: exit 2", async (args, says) => {
    const { code, stdout, stderr } = await score(suspect, ...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(says);
  });
});
