import { readFileSync, readdirSync } from "node:fs";
import { type Profile, Key, bindScheme, parseProfile } from "@verdigris/core";
import { expect, test } from "vitest";
import {
  type LocalModel,
  type Teacher,
  countTeacher,
  modelTeacher,
  randomStream,
} from "../src/index.js";

const V = 400;
const stream = randomStream("teachers");
const texts = Array.from({ length: 30 }, (_, i) => ({
  prompt: String(i),
  tokens: Uint32Array.from({ length: 200 }, () => 20 + Math.floor(20 * stream.next() ** 2 * 18)),
}));

/** A count model that several answers share, as an engine's sequences do. */
function teacher(sequences: number): Teacher {
  const model: LocalModel = { ...countTeacher(texts, { vocabularySize: V }), sequences };
  return modelTeacher(model, {
    encodePrompt: (prompt) => Uint32Array.from(prompt, (letter) => letter.charCodeAt(0)),
    decode: (tokens) => Array.from(tokens).join(" "),
  });
}

const prompts = ["abcdefgh", "ijklmnop", "qrstuvwx"];
const random = (i: number): ReturnType<typeof randomStream> => randomStream("answer", i);

test("as many answers at once as there are sequences, and the same ones", async () => {
  const teaching = { scheme: null, random, maxTokens: 40 };
  const one = await teacher(1).answer(prompts, teaching);
  expect(await teacher(8).answer(prompts, teaching)).toEqual(one);
  expect(one.map(({ prompt }) => prompt)).toEqual(prompts);
  expect(new Set(one.map(({ answer }) => answer)).size).toBe(3);
});

// Of 256 bits every scheme derives the key it takes.
const KEY = Key.fromBytes(new Uint8Array(32).fill(7));
const folder = new URL("../../../fixtures/profiles/", import.meta.url);
const profiles = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map(
    (name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Record<string, unknown>,
  );

/** The profile for the test's small vocabulary. */
function small(value: Record<string, unknown>): Profile {
  return parseProfile({ ...value, V, specialTokens: [], keyId: null });
}

test.each(profiles.map((value) => [String(value["id"]), value] as const))(
  "%s marks a live teacher's answers",
  async (_id, value) => {
    const profile = small(value);
    const scheme = bindScheme(profile, KEY);
    const plain = await teacher(2).answer(prompts, { scheme: null, random, maxTokens: 30 });
    const marked = await teacher(2).answer(prompts, { scheme, random, maxTokens: 30 });
    expect(marked).not.toEqual(plain);
    for (const { tokens } of marked) expect(tokens.length).toBe(30);
  },
);
