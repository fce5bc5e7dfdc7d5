// What marking adds to a real model's time per token, in one run on one core:
//   node bench/speed/embed-share.mjs [--json FILE]      (needs fixtures/models/SmolLM2-135M-Instruct.Q4_1.gguf)
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Key, bindScheme, parseProfile } from "@verdigris/core";
import { lehmer } from "@verdigris/core/testing";
import { createSampler, generate } from "@verdigris/watermark";
import { openLlama } from "@verdigris/watermark/node-llama-cpp";
import { interleaved, report, round } from "./timing.mjs";

const at = (path) => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const model = await openLlama({
  modelPath: at("models/SmolLM2-135M-Instruct.Q4_1.gguf"),
  sequences: 8,
  candidates: 100,
});
const key = Key.fromText(readFileSync(at("corpora/test-key.txt"), "utf8"));
const sampling = { temperature: 1, topK: 100, topP: 1, minP: 0, repetitionPenalty: 1 };
const prompt = model.encode("<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n", true);

const sequence = await model.start(prompt);
const candidates = await sequence.next();
sequence.end();

const started = performance.now();
const texts = await Promise.all(
  Array.from({ length: 8 }, (_, i) =>
    generate(model, prompt, { scheme: null, sampling, maxTokens: 40, random: lehmer(i + 1) }),
  ),
);
const tokens = texts.reduce((sum, text) => sum + text.length, 0);
const modelUs = ((performance.now() - started) * 1000) / tokens;
await model.dispose();

const rows = ["h1", "h2", "h4"].map((name) => {
  const profile = parseProfile(
    JSON.parse(readFileSync(at(`corpora/smollm2/profile-${name}.json`), "utf8")),
  );
  const scheme = bindScheme(profile, key);
  const draw = (mark) => {
    const sample = createSampler(sampling, mark, lehmer(7));
    return () => sample(candidates, { context: prompt, marked: true });
  };
  const times = interleaved(
    { plain: draw(null), marked: draw(scheme) },
    { rounds: 201, calls: 50 },
  );
  const extra = times.marked - times.plain;
  return {
    profile: profile.id,
    "model, us/token": round(modelUs),
    "marking adds, us/token": round(extra),
    "share of the model's time, %": round((100 * extra) / modelUs),
  };
});
report("embed-share", rows);
