// Entropy weights: the recorded marked texts of SmolLM2, plain and weighted by √H of the model's own next-token law, at equal
// nominal α, with the true false-alarm rate of both under decoy keys beside it.
//
//   node bench/quality/entropy-weights.mjs [--json FILE]     needs built packages and fixtures/models/*.gguf (README there)
import { readFileSync } from "node:fs";
import { brotliDecompressSync } from "node:zlib";
import { Key, bindScheme, createKernel, parseProfile } from "@verdigris/core";
import { clopperPearson, decoyKey, entropyWeights, weightedTest } from "@verdigris/detector";
import { openLlama } from "@verdigris/watermark/node-llama-cpp";
import { GGUF } from "../../fixtures/models/llama.mjs";
import { median, report, round } from "../speed/timing.mjs";

const TEXTS = 64;
const DECOYS = 500;
const LENGTHS = [25, 50, 100];
const AT_ONCE = 8;
const corpora = new URL("../../fixtures/corpora/", import.meta.url);
const read = (name) => readFileSync(new URL(name, corpora));
const manifest = JSON.parse(read("smollm2/manifest.json").toString());
const key = Key.fromText(read("test-key.txt").toString());
const kernel = createKernel();
const model = await openLlama({ modelPath: GGUF, sequences: AT_ONCE, contextSize: 512 });

/** Texts of an arm with their prompts as the model saw them, and √H before every token. */
async function weighed(arm) {
  const lines = brotliDecompressSync(read(`smollm2/${arm.file}`))
    .toString()
    .split("\n");
  const records = lines.filter((line) => line !== "").map((line) => JSON.parse(line));
  const texts = records.filter(({ tokens }) => tokens.length >= LENGTHS.at(-1)).slice(0, TEXTS);
  const out = [];
  for (let at = 0; at < texts.length; at += AT_ONCE) {
    const group = texts.slice(at, at + AT_ONCE).map(async ({ prompt, tokens }) => {
      const shown = model.encode(manifest.prompt.replace("{prompt}", prompt), true);
      const ids = Uint32Array.from(tokens);
      return { tokens: ids, weights: await entropyWeights(model, shown, ids) };
    });
    out.push(...(await Promise.all(group)));
  }
  return out;
}

/** log10 p of the first `length` tokens, plain and weighted. */
function test(scheme, { tokens, weights }, length) {
  const texts = [{ tokens: tokens.subarray(0, length) }];
  const flat = (piece, from) => new Float64Array(piece.length - from).fill(1);
  return {
    plain: weightedTest(scheme, texts, flat).log10P,
    weighted: weightedTest(scheme, texts, (_, from) => weights.subarray(from, length)).log10P,
  };
}

const share = (values, alpha) => values.filter((log10P) => log10P <= Math.log10(alpha)).length;
const rows = [];
for (const arm of manifest.arms.filter(({ profile }) => profile !== null)) {
  const profile = parseProfile(arm.profile);
  const texts = await weighed(arm);
  for (const length of LENGTHS) {
    const found = texts.map((text) => test(bindScheme(profile, key, kernel), text, length));
    const innocent = Array.from({ length: DECOYS }, (_, i) =>
      bindScheme(profile, decoyKey(i), kernel),
    ).flatMap((scheme) => texts.slice(0, 20).map((text) => test(scheme, text, length)));
    for (const kind of ["plain", "weighted"]) {
      const own = found.map((each) => each[kind]);
      const decoys = innocent.map((each) => each[kind]);
      const alarms = share(decoys, 1e-2);
      rows.push({
        h: profile.h,
        tokens: length,
        test: kind,
        "median log10 p": round(median(own)),
        "power at 1e-3": round(share(own, 1e-3) / own.length),
        "power at 1e-5": round(share(own, 1e-5) / own.length),
        "true rate at 1e-2": round(alarms / decoys.length),
        "upper bound": round(clopperPearson(alarms, decoys.length, 0.9).upper),
        "true rate at 1e-3": round(share(decoys, 1e-3) / decoys.length),
      });
    }
  }
}
await model.dispose();
report("entropy-weights", rows, {
  texts: `${TEXTS} answers of SmolLM2-135M-Instruct an arm, read with their prompts`,
  decoys: `${DECOYS} keys, 20 texts`,
});
