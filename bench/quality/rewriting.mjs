// Rewriting by a real model: SmolLM2-135M-Instruct puts recorded marked answers in other words; how much of the mark is left for
// a student to learn.
//
//   node bench/quality/rewriting.mjs [--texts=N]     needs built packages and fixtures/models/*.gguf (README there)
//
// Prints a table and writes bench/results/rewriting.json; the same bytes each time on one machine. Minutes.
import { corpusOf, randomStream, tokenEditRate, trainingAttack, TRACE } from "@verdigris/survival";
import { PLAIN_SAMPLING, generate } from "@verdigris/watermark";
import { openLlama } from "@verdigris/watermark/node-llama-cpp";
import { GGUF } from "../../fixtures/models/llama.mjs";
import { material, option, scored, table, tokenizer, writeResult } from "./lab.mjs";

const TEXTS = option("texts", 4);
const LENGTH = 80;
const REQUEST = "Rewrite the following text in your own words. Keep its meaning and length.\n\n";

const model = await openLlama({ modelPath: GGUF, sequences: 1, contextSize: 512 });
const random = randomStream("rewriting");

/** The model's answer to the request, at most a fifth longer than the text. */
async function rewrite(text) {
  const prompt = model.chat([{ role: "user", content: REQUEST + text }]);
  const sampling = { ...PLAIN_SAMPLING, temperature: 0.7, topP: 0.95 };
  const maxTokens = Math.round(1.2 * LENGTH);
  const tokens = await generate(model, prompt, { scheme: null, random, maxTokens, sampling });
  return model.decode(tokens);
}

const attack = trainingAttack({ kind: "rewriting" });
const rows = [];
for (const { profile, key, texts } of material.arms) {
  const { h } = profile;
  const own = texts
    .filter(({ tokens }) => tokens.length >= LENGTH)
    .slice(0, TEXTS)
    .map(({ prompt, tokens }) => ({ prompt, tokens: tokens.slice(0, LENGTH) }));
  const corpus = corpusOf(
    own,
    own.map(() => true),
  );
  const attacked = await attack.corpus(corpus, { tokenizer, rewrite, random });
  const before = scored(
    profile,
    key,
    own.map(({ tokens }) => tokens),
  );
  const after = scored(
    profile,
    key,
    attacked.texts.map(({ tokens }) => tokens),
  );
  rows.push({
    h,
    texts: own.length,
    tokensBefore: corpus.tokenCount,
    tokensAfter: attacked.tokenCount,
    editRate: mean(own.map(({ tokens }, i) => tokenEditRate(tokens, attacked.texts[i].tokens))),
    windowsKept: keptWindows(attacked, h),
    effectBefore: before.effect,
    effectAfter: after.effect,
    zBefore: before.zScore,
    zAfter: after.zScore,
  });
}
await model.dispose();
writeResult("rewriting", {
  model: "SmolLM2-135M-Instruct Q4_1",
  length: LENGTH,
  rows: rows.map(rounded),
});
console.log(
  table(
    ["h", "texts", "edit rate", "windows kept", "ε before", "ε after", "z before", "z after"],
    rows.map((row) => [
      row.h,
      row.texts,
      row.editRate.toFixed(2),
      row.windowsKept.toFixed(3),
      row.effectBefore.toFixed(3),
      row.effectAfter.toFixed(3),
      row.zBefore.toFixed(1),
      row.zAfter.toFixed(1),
    ]),
  ),
);

/** Share of the rewritten positions whose token and window are the teacher's own. */
function keptWindows({ texts, traces }, h) {
  let [kept, all] = [0, 0];
  texts.forEach(({ tokens }, t) => {
    for (let i = h; i < tokens.length; i++) {
      all++;
      const window = traces[t].subarray(i - h, i);
      if (traces[t][i] === TRACE.kept && window.every((own) => own !== TRACE.changed)) kept++;
    }
  });
  return all === 0 ? 0 : kept / all;
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function rounded(row) {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, Math.round(1e4 * value) / 1e4]),
  );
}
