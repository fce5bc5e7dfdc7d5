/** The same documents give the same result however they are fed, and on however many threads. */
import { type Profile, createKernel, parseProfile } from "@verdigris/core";
import { DetectionStream, Detector, type Piece } from "@verdigris/detector";
import { randomStream } from "@verdigris/survival";
import { describe, expect, test } from "vitest";
import { tokenizerOf } from "../src/files.js";
import { jsonl as jsonLines } from "../src/formats/jsonl.js";
import { type ScoreResult, scoreFiles } from "../src/scoring.js";
import { type Tokenising, TokenisingPool, tokenisingHere } from "../src/tokenising.js";
import {
  KEY,
  PROFILE,
  TOKENIZER,
  file,
  jsonl,
  profilePath,
  profileWith,
  tokenizer,
} from "./support.js";

const DOCUMENTS = 10_000;
const kernel = createKernel();
const random = randomStream("the same result");
const below = (n: number): number => Math.floor(random.next() * n);

/** Few enough words that windows come again, and what a tokenizer finds hard. */
const WORDS =
  "~ the~ green~ copper~ of~ a~ roof~ turns~\u200b~é~ 12~\n\n~\r\n~字~😀~ \u043eld~<|im_end|>~ don't~...~\ufb01"
    .split("~")
    .slice(1);

interface Sample {
  readonly id: number;
  readonly text: string;
  readonly prompt?: string;
  readonly tokens?: readonly number[];
}

const someWords = (most: number): string =>
  `a${Array.from({ length: below(most) }, () => WORDS[below(WORDS.length)]).join("")}`;

function sample(id: number): Sample {
  const text = someWords(24);
  // Token 2 is special: windows do not reach over it.
  const tokens = below(4) === 0 ? { tokens: [...tokenizer.encode(text), 2, 700 + below(9)] } : {};
  return { id, text, ...(below(4) === 0 ? { prompt: someWords(6) } : {}), ...tokens };
}

const samples = Array.from({ length: DOCUMENTS }, (_, id) => sample(id));
const recorded = file("random.jsonl", jsonl(...samples));

async function piecesOf(): Promise<readonly Piece[]> {
  const { run } = tokenisingHere(() => Promise.resolve(tokenizer));
  const texts = await run(samples.map(({ text }) => text));
  const prompts = await run(samples.map(({ prompt = "" }) => prompt));
  return samples.map(({ tokens }, i) => ({
    tokens: tokens === undefined ? texts[i].tokens : Uint32Array.from(tokens),
    prompt: prompts[i].tokens,
  }));
}

const pieces = await piecesOf();

/** Scores the samples as records, with the tokens made by `tokenising`. */
async function scored(
  tokenising: Tokenising,
  run: (result: ScoreResult) => void,
  path = recorded,
): Promise<void> {
  const request = {
    key: KEY,
    kernel,
    alpha: 1e-3,
    decoys: 9,
    memory: 1e7,
    perDocument: true,
    asPeer: false,
    weighing: null,
    reading: { profile: PROFILE, tokenising, options: {} },
    onProblem: (): void => {},
  };
  try {
    const result = await scoreFiles([path], request);
    run(result);
    result.close();
  } finally {
    await tokenising.close();
  }
}

function lines(result: ScoreResult): string {
  const setting = {
    program: "0",
    profile: "p",
    keyId: "k",
    law: "bernoulli",
    nullMean: 0.25,
  } as const;
  return [...jsonLines(result, { ...setting, warnings: [] })].join("");
}

/** Of three calls, how many another thread does while this one is at work and hands nothing over. */
async function doneWhileAtWork(pool: Tokenising): Promise<number> {
  let done = 0;
  const calls = [1, 2, 3].map(() => pool.run(["some text"]).then(() => done++));
  await new Promise<void>((resolve) => process.nextTick(resolve));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  await new Promise<void>((resolve) => setImmediate(resolve));
  const meanwhile = done;
  await Promise.all(calls);
  return meanwhile;
}

describe(`${DOCUMENTS} random documents`, () => {
  test.each([
    ["green list", PROFILE],
    [
      "Gumbel, whose scores do not add up exactly",
      parseProfile(profileWith({ scheme: "gumbel", parameters: {} })),
    ],
  ])("whole, in random pieces and token by token: %s", (_name, profile: Profile) => {
    const whole = new Detector(profile, KEY, { decoys: 0, kernel });
    const cut = new Detector(profile, KEY, { decoys: 0, kernel });
    const stream = new DetectionStream(profile, KEY, { kernel });
    const different = pieces.filter(({ tokens, prompt }, i) => {
      whole.add({ tokens, ...(prompt === undefined ? {} : { prompt }) });
      for (let start = 0, end = 0; start === 0 || start < tokens.length; start = end) {
        end = start + 1 + below(tokens.length);
        const first = start === 0 && prompt !== undefined ? { prompt } : {};
        cut.add({ tokens: tokens.subarray(start, end), continues: start > 0, ...first });
      }
      stream.begin(prompt);
      for (const token of tokens) stream.push(token);
      if (i % 100 > 0 && i < DOCUMENTS - 1) return false;
      const verdict = whole.verdict();
      const same = JSON.stringify(verdict) === JSON.stringify(cut.verdict());
      return !same || JSON.stringify(verdict.count) !== JSON.stringify(stream.state().count);
    });
    expect(different).toEqual([]);
    const { unscored, n } = whole.verdict().count;
    expect(Math.min(n, unscored.repeated, unscored.prompt, unscored.noContext)).toBeGreaterThan(
      1000,
    );
  });

  test("records, on 1, 2 and 3 threads, to the last byte; and as a detector counts them", async () => {
    const where = { profilePath, path: TOKENIZER };
    const place = { profile: PROFILE, where };
    const results: string[] = [];
    const counts: unknown[] = [];
    for (const workers of [1, 2, 3]) {
      const pool = new TokenisingPool(tokenizerOf(PROFILE, where), place, { workers, alone: 0 });
      if (workers > 1) await pool.start();
      if (workers === 2) expect(await doneWhileAtWork(pool)).toBe(3);
      await scored(pool, (result) => {
        results.push(lines(result));
        counts.push(result.pooled.verdict.count);
      });
    }
    expect(results[0].split("\n")).toHaveLength(DOCUMENTS + 3);
    expect(results[1] === results[0]).toBe(true);
    expect(results[2] === results[0]).toBe(true);
    const whole = new Detector(PROFILE, KEY, { decoys: 0, kernel });
    for (const piece of pieces) whole.add(piece);
    expect(counts[0]).toEqual(whole.verdict().count);
  });

  test("a thread that fails fails the call", async () => {
    const where = { profilePath, path: "no-tokenizer.json" };
    const pool = new TokenisingPool(
      () => Promise.resolve(tokenizer),
      { profile: PROFILE, where },
      { workers: 2, alone: 0 },
    );
    await expect(pool.start()).rejects.toThrow(/no-tokenizer\.json does not exist/);
    // This thread has a tokenizer, and works until it learns of it.
    const calls = [pool.run(["some text"]), pool.run(["some text"])];
    await expect(calls[0]).resolves.toHaveLength(1);
    await calls[1].catch(() => {});
    await expect(pool.run(["some text"])).rejects.toThrow(/no-tokenizer\.json does not exist/);
    await pool.close();
  });

  test("nothing waits for threads that are not there yet, and what ends before they are leaves none behind", async () => {
    const where = { profilePath, path: TOKENIZER };
    const pool = new TokenisingPool(
      () => Promise.resolve(tokenizer),
      { profile: PROFILE, where },
      { workers: 2, alone: 0 },
    );
    const starting = pool.start();
    let isStarted = false;
    starting.then(
      () => (isStarted = true),
      () => {},
    );
    const [{ tokens }] = await pool.run(["some text"]);
    expect([isStarted, [...tokens]]).toEqual([false, [...tokenizer.encode("some text")]]);
    await pool.close();
    await expect(starting).rejects.toThrow("Terminating worker thread");
  });

  test("canary: tokens in another order are another result", async () => {
    const here = tokenisingHere(() => Promise.resolve(tokenizer));
    const run = async (texts: readonly string[]): ReturnType<Tokenising["run"]> =>
      (await here.run(texts)).toReversed();
    const results: string[] = [];
    const few = file("few.jsonl", jsonl(...samples.slice(0, 100)));
    for (const tokenising of [here, { ...here, run }])
      await scored(tokenising, (result) => void results.push(lines(result)), few);
    expect(results[1] === results[0]).toBe(false);
  });
});
