import { readFileSync } from "node:fs";
import {
  type LanguageModel,
  type Profile,
  bindScheme,
  keyFromText,
  parseProfile,
} from "@verdigris/core";
import { pickAt, torchExpKey } from "@verdigris/detector";
import { markLlmGreen } from "@verdigris/detector/peers";
import { lehmer, randomTokens } from "@verdigris/core/testing";
import { generate } from "@verdigris/watermark";
import { describe, expect, test } from "vitest";
import { KEY_HEX, cli, file, inFolder, keyPath, profileWith } from "./support.js";

const V = 512;
const small = { V, specialTokens: [] };

/** Records with tokens, a line each. */
function records(name: string, texts: readonly ArrayLike<number>[]): string {
  const lines = texts.map((tokens, i) =>
    JSON.stringify({ id: `${name}-${i}`, text: "tokens", tokens: Array.from(tokens) }),
  );
  return file(`${name}.jsonl`, lines.join("\n"));
}

/** Proposes 40 tokens, each as likely as the others. */
const model: LanguageModel = {
  vocabularySize: V,
  endTokens: new Set(),
  start(prompt) {
    let last = prompt[prompt.length - 1] ?? 0;
    return {
      next: () => ({
        ids: Uint32Array.from({ length: 40 }, (_, i) => (last * 29 + i * 13) % V),
        logits: new Float32Array(40),
      }),
      push: (token) => void (last = token),
      end() {},
    };
  },
};

function write(profile: Profile, key: string, seed: number): Promise<Uint32Array> {
  const scheme = bindScheme(profile, keyFromText(profile, key));
  return generate(model, Uint32Array.of(1 + seed, 2, 3, 4, 5), {
    scheme,
    random: lehmer(seed + 1),
    maxTokens: 90,
  });
}

/** An example profile of the repository in a small vocabulary, as file and value. */
function example(name: string, parameters: object = {}): readonly [string, Profile] {
  const path = new URL(`../../../fixtures/profiles/${name}.json`, import.meta.url);
  const stored = parseProfile(JSON.parse(readFileSync(path, "utf8")));
  const profile = { ...stored, ...small, parameters: { ...stored.parameters, ...parameters } };
  return [file(`${name}.json`, JSON.stringify(profile)), profile];
}

interface Found {
  readonly verdict: string;
  readonly log10P: number;
  readonly figures: Readonly<Record<string, number>>;
}

const found = (stdout: string): Found => JSON.parse(stdout) as Found;
const unmarked = records("unmarked", [randomTokens(90, V, 3)]);

describe("verdigris examine payload", () => {
  const [path, profile] = example("three-bricks-maryland", { delta: 6 });
  const args = ["examine", "payload", "--profile", path, "--key-file", keyPath, "--format", "json"];

  test("reads the message, with p corrected for all: exit 0", async () => {
    const with5 = { ...profile, parameters: { ...profile.parameters, payload: 5 } };
    const marked = records("payload", [await write(with5, KEY_HEX, 1)]);
    const { code, stdout } = await cli([...args, marked, "--payloads", "16"]);
    expect([code, found(stdout).figures["payload"]]).toEqual([0, 5]);
    const other = await cli([...args, unmarked, "--payloads", "16"]);
    expect([other.code, found(other.stdout).verdict]).toEqual([1, "not-detected"]);
  });

  test("needs the number of payloads, and a mark that has one", async () => {
    expect((await cli([...args, unmarked])).stderr).toMatch(
      /payloads: expected a whole number from 1/,
    );
    const plain = file("plain.json", JSON.stringify(profileWith(small)));
    const { code, stderr } = await cli([...args, unmarked, "--payloads", "2", "--profile", plain]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/--profile: .*got green-list/)]);
  });
});

describe("verdigris examine entropy", () => {
  const engine = {
    ...model,
    sequences: 1,
    encode: () => new Uint32Array(0),
    decode: () => "",
    contextSize: 1024,
    chat: () => null,
    dispose: () => Promise.resolve(),
  };
  const openModel = (): Promise<typeof engine> => Promise.resolve(engine);
  const args = ["examine", "entropy", "--key-file", keyPath, "--model", "m.gguf", "--profile"];

  test("tests SWEET with the model that wrote the text: exit 0", async () => {
    const [path, profile] = example("markllm-sweet");
    const marked = records("sweet", [await write(profile, KEY_HEX, 4)]);
    const { code, stdout } = await cli([...args, path, marked], { openModel });
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^detected \(log10 p -\d/)]);
    expect(stdout).not.toContain("MarkLLM");
    expect((await cli([...args, path, unmarked], { openModel })).code).toBe(1);
  });

  test("--as-peer: MarkLLM's z of each text, and none where its rule counts no position", async () => {
    const [path, profile] = example("markllm-sweet");
    const texts = [await write(profile, KEY_HEX, 4), randomTokens(90, V, 3)];
    const asPeer = async (at: string): Promise<Found["figures"]> => {
      const both = records("both", texts);
      const all = [...args, at, both, "--as-peer", "--format", "json"];
      return found((await cli(all, { openModel })).stdout).figures;
    };
    // Every position has an entropy of ln 40 nats, above SWEET's threshold: all are counted.
    const scheme = bindScheme(profile, keyFromText(profile, KEY_HEX));
    const [first, second] = texts.map((tokens) => markLlmGreen(scheme, tokens, 0.5).zScore);
    const sweet = await asPeer(path);
    expect(sweet["MarkLLM z 1"]).toBeCloseTo(first, 9);
    expect(sweet["MarkLLM z 2"]).toBeCloseTo(second, 9);
    expect(first).toBeGreaterThan(4);
    // EWD weighs by entropy above the least, which is no weight at all here.
    const ewd = await asPeer(example("markllm-ewd")[0]);
    expect([ewd["MarkLLM z 1"], ewd["MarkLLM z 2"]]).toEqual([null, null]);
  });
});

describe("verdigris examine alignment", () => {
  const seed = file("seed.txt", "42\n");
  const size = ["--V", String(V), "--rows", "16", "--block", "12", "--resamples", "99"];
  const args = [
    "examine",
    "alignment",
    "--mark",
    "exp",
    "--key-file",
    seed,
    ...size,
    "--alpha",
    "0.01",
  ];

  test("finds text that follows the key's rows, of which some are left out: exit 0, p never 0", async () => {
    const key = torchExpKey(42n, { n: 16, V });
    const law = new Float64Array(V).fill(1 / V);
    const tokens = Uint32Array.from({ length: 15 }, (_, t) => pickAt(key, (t + 5) % 16, law));
    const marked = records("exp", [tokens.filter((_, t) => t % 6 !== 3)]);
    const { code, stdout } = await cli([...args, marked, "--format", "json"]);
    expect([code, found(stdout).figures["p"]]).toEqual([0, 0.01]);
    const plain = records("plain-exp", [randomTokens(14, V, 8)]);
    const other = await cli([...args, plain, "--format", "json"]);
    expect(other.code).toBe(1);
    expect(found(other.stdout).log10P).toBeGreaterThan(-2);
  });

  test("refuses a key of another form, and text without a tokenizer", async () => {
    const { code, stderr } = await cli([...args, unmarked, "--key-file", keyPath]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/expected a whole number/)]);
    const typed = file("typed.txt", "some words");
    expect((await cli([...args, typed])).stderr).toMatch(/--tokenizer: expected/);
  });
});

describe("verdigris examine train and bayesian", () => {
  const [path, profile] = example("synthid-hf", { depth: 6, tableSize: 4096 });
  const mark = ["--profile", path, "--key-file", keyPath];

  test("weights learnt from some texts find others: exit 0; unmarked text: exit 1", async () => {
    const texts = await Promise.all(
      Array.from({ length: 16 }, (_, i) => write(profile, KEY_HEX, i)),
    );
    const plain = texts.map((_, i) => randomTokens(90, V, 70 + i));
    const [marked, without] = [records("m", texts.slice(0, 12)), records("u", plain.slice(0, 12))];
    const weights = inFolder("weights.json");
    const train = ["examine", "train", ...mark, "--marked", marked, "--unmarked", without];
    const trained = await cli([...train, "--out", weights]);
    expect([trained.code, trained.stdout]).toEqual([
      0,
      expect.stringMatching(/^24 texts; held-out/),
    ]);
    expect((await cli([...train, "--out", weights])).stderr).toMatch(/cannot be written/);
    const args = [
      "examine",
      "bayesian",
      ...mark,
      "--weights",
      weights,
      "--decoys",
      "19",
      "--format",
      "json",
    ];
    const yes = await cli([...args, records("held", texts.slice(12))]);
    expect([yes.code, found(yes.stdout).figures["decoyP"]]).toEqual([0, 0.05]);
    expect(found(yes.stdout).figures["posterior"]).toBeGreaterThan(0.99);
    const no = await cli([...args, records("none", plain.slice(12))]);
    expect([no.code, found(no.stdout).verdict]).toEqual([1, "not-detected"]);
  });

  test("names what is wrong with a file of weights", async () => {
    const short = { version: 1, depth: 6, prior: 0.5, beta: [0], delta: [] };
    const weights = file("short.json", JSON.stringify(short));
    const { code, stderr } = await cli([
      "examine",
      "bayesian",
      ...mark,
      unmarked,
      "--weights",
      weights,
    ]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/\.beta: expected 6 numbers, got 1/)]);
  });
});
