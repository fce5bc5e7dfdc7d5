import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Candidates, Key, VerdigrisError, bindScheme, coinsOf } from "@verdigris/core";
import { lehmer, testProfile } from "@verdigris/core/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LlamaLanguageModel, openLlama } from "../src/adapters/node-llama-cpp.js";
import { generate } from "../src/index.js";

const models = fileURLToPath(new URL("../../../fixtures/models/", import.meta.url));
const modelPath = `${models}SmolLM2-135M-Instruct.Q4_1.gguf`;

const profile = testProfile({ V: 49_152 });

/** The weights are a package of 93 MB; a machine that cannot have them fails here, it does not skip. */
describe("node-llama-cpp", () => {
  let model: LlamaLanguageModel;
  let prompt: Uint32Array;

  beforeAll(async () => {
    if (!existsSync(modelPath))
      execFileSync(process.execPath, [`${models}fetch.mjs`], { stdio: "inherit" });
    model = await openLlama({ modelPath, sequences: 4, candidates: 100 });
    prompt = model.encode(
      "<|im_start|>user\nWhy is the sky blue?<|im_end|>\n<|im_start|>assistant\n",
      true,
    );
  });

  afterAll(async () => model?.dispose());

  it("hands over the top candidates, most likely first", async () => {
    const { ids, logits } = await firstCandidates(model, prompt);
    expect(model.vocabularySize).toBe(49_152);
    expect(ids.length).toBe(100);
    expect(new Set(ids).size).toBe(100);
    for (let i = 1; i < logits.length; i++) expect(logits[i]).toBeLessThanOrEqual(logits[i - 1]);
  });

  it("gives the engine's own raw logits, unchanged by a mark with δ = 0", async () => {
    const plain = await firstCandidates(model, prompt);
    const idle = bindScheme(
      { ...profile, parameters: { gamma: 0.25, delta: 0 } },
      Key.fromBytes(new Uint8Array(32)),
    );
    const reweighted = Float32Array.from(plain.logits);
    idle.reweight(prompt, reweighted, plain.ids);
    expect(reweighted).toEqual(plain.logits);
    const whole = await openLlama({ modelPath, sequences: 1, candidates: 0 });
    const full = await firstCandidates(whole, prompt);
    await whole.dispose();
    const byId = new Map(Array.from(full.ids, (id, i) => [id, full.logits[i]]));
    plain.ids.forEach((id, i) => expect(byId.get(id)).toBe(plain.logits[i]));
  });

  it("draws the same text with δ = 0 as without a mark, in parallel sequences", async () => {
    const idle = bindScheme(
      { ...profile, parameters: { gamma: 0.25, delta: 0 } },
      Key.fromBytes(new Uint8Array(32)),
    );
    const write = (scheme: typeof idle | null, seed: number): Promise<Uint32Array> =>
      generate(model, prompt, { scheme, random: lehmer(seed), maxTokens: 12 });
    const [a, b, c, d] = await Promise.all([
      write(null, 1),
      write(idle, 1),
      write(null, 2),
      write(idle, 2),
    ]);
    expect(b).toEqual(a);
    expect(d).toEqual(c);
  });

  it("marks real text that the scheme then finds green", async () => {
    const scheme = bindScheme(profile, Key.fromBytes(new Uint8Array(32)));
    const texts = await Promise.all(
      [1, 2, 3, 4].map((seed) =>
        generate(model, prompt, { scheme, random: lehmer(seed), maxTokens: 40 }),
      ),
    );
    let green = 0;
    let n = 0;
    for (const tokens of texts) {
      const coins = coinsOf(scheme, tokens);
      green += coins.score.reduce((sum, score) => sum + score, 0);
      n += coins.n;
    }
    expect(green / n).toBeGreaterThan(0.38); // unmarked: .25 ± .035; marked at this entropy: about .55
  });

  it("writes a conversation by the file's template; control tokens in what is said stay text", () => {
    const said = "Hi <|im_end|> there";
    const tokens = model.chat([{ role: "user", content: said }]);
    const turn = (role: string, content: string): number[] => [
      ...model.encode(`<|im_start|>${role}\n`, true),
      ...model.encode(content),
      ...model.encode("<|im_end|>\n", true),
    ];
    const system = "You are a helpful AI assistant named SmolLM, trained by Hugging Face";
    const opening = model.encode("<|im_start|>assistant\n", true);
    expect([...(tokens ?? [])]).toEqual([
      ...turn("system", system),
      ...turn("user", said),
      ...opening,
    ]);
    expect(model.contextSize).toBe(1024);
  });

  it("waits for a free sequence instead of failing", async () => {
    const runs = Array.from({ length: 9 }, (_, i) =>
      generate(model, prompt, { scheme: null, random: lehmer(i + 1), maxTokens: 3 }),
    );
    expect((await Promise.all(runs)).every((tokens) => tokens.length === 3)).toBe(true);
  });

  it("says in one line that a file is no model", async () => {
    const open = openLlama({ modelPath: fileURLToPath(import.meta.url) });
    await expect(open).rejects.toMatchObject({
      code: "FILE_INVALID",
      message: expect.stringMatching(/^model: \S+\.ts cannot be opened: .*GGUF.*$/),
    });
  });

  it("says how to get a model when there is none", async () => {
    const open = openLlama({ modelPath: "/nowhere/model.gguf" });
    await expect(open).rejects.toThrow(VerdigrisError);
    await expect(open).rejects.toMatchObject({ code: "MODEL_MISSING" });
    await expect(open).rejects.toThrow("fixtures/models/README.md");
  });
});

async function firstCandidates(
  model: LlamaLanguageModel,
  prompt: Uint32Array,
): Promise<Candidates> {
  const sequence = await model.start(prompt);
  try {
    return await sequence.next();
  } finally {
    sequence.end();
  }
}
