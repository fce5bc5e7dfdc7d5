// Marking by choosing passages: how much evidence m candidates give, and that unmarked text gives none.
//
//   node bench/quality/best-of-m.mjs [--json FILE]        needs built packages (pnpm build)
//
// The upstream is a count model of SmolLM2's recorded texts, which only samples; passages of 16 tokens are chosen by the very code of
// `selectionFetch` among m. Each text has its own key. Null: the same texts under keys they were not chosen by.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createHash } from "node:crypto";
import { Key, bindScheme, createKernel, parseProfile } from "@verdigris/core";
import { Detector } from "@verdigris/detector";
import { GrowingText } from "@verdigris/gateway/selection";
import { countTeacher, randomStream } from "@verdigris/survival";
import { readDocuments, readTokenizer } from "@verdigris/text";
import { generate } from "@verdigris/watermark";
import { report, round } from "../speed/timing.mjs";

const PASSAGE = 16;
const TOKENS = 256;
const TEXTS = 24;
const WRONG_KEYS = 40;
const ALPHA = 1e-3;
/** E[max of m standard normals]. */
const EXPECTED = { 1: 0, 2: 0.564, 4: 1.029, 8: 1.424, 16: 1.766 };

const at = (path) => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const tokenizer = await readTokenizer(at("models/smollm2/tokenizer.json"));
const texts = [];
for await (const item of readDocuments(at("corpora/smollm2/unmarked.jsonl.br"))) {
  texts.push({ tokens: item.tokens ?? tokenizer.encode(item.text), promptLength: 0 });
  if (texts.length === 400) break;
}
const model = countTeacher(texts, { vocabularySize: 49_152 });
const profile = parseProfile({
  ...JSON.parse(readFileSync(at("corpora/smollm2/profile-h1.json"), "utf8")),
  embedding: "select",
  keyId: null,
});
const kernel = createKernel();
const keyOf = (...names) =>
  Key.fromBytes(
    createHash("sha256")
      .update(JSON.stringify(["best-of-m", ...names]))
      .digest(),
  );

/** One text under its key, by the best of m. */
async function written(m, i) {
  const scheme = bindScheme(profile, keyOf("own", i), kernel);
  const growing = new GrowingText(scheme, tokenizer);
  const random = randomStream("best-of-m", m, i);
  const start = texts[i % texts.length].tokens.subarray(0, 3);
  while (tokenizer.encode(growing.text).length < TOKENS) {
    const context = Uint32Array.of(...start, ...tokenizer.encode(growing.text));
    const passages = [];
    for (let c = 0; c < m; c++) {
      const tokens = await generate(model, context, { scheme: null, random, maxTokens: PASSAGE });
      passages.push(tokenizer.decode(tokens));
    }
    growing.add(passages[growing.best(passages)]);
  }
  return growing.text;
}

function verdictOf(text, key) {
  const detector = new Detector(profile, key, { alpha: ALPHA, decoys: 0, kernel });
  detector.add({ tokens: tokenizer.encode(text) });
  return detector.verdict();
}

const rows = [];
for (const m of Object.keys(EXPECTED).map(Number)) {
  let [found, z, tokens, alarms, tests] = [0, 0, 0, 0, 0];
  for (let i = 0; i < TEXTS; i++) {
    const text = await written(m, i);
    const own = verdictOf(text, keyOf("own", i));
    if (own.log10P <= Math.log10(ALPHA)) found++;
    z += own.evidence.zScore / TEXTS;
    tokens += own.evidence.n / TEXTS;
    for (let k = 0; k < WRONG_KEYS; k++) {
      tests++;
      if (verdictOf(text, keyOf("wrong", i, k)).log10P <= -2) alarms++;
    }
  }
  rows.push({
    m,
    "texts found, %": round((100 * found) / TEXTS),
    "mean z": round(z),
    "z expected": round(EXPECTED[m] * Math.sqrt(TOKENS / PASSAGE)),
    "coins a text": Math.round(tokens),
    "wrong keys with p <= .01, %": round((100 * alarms) / tests),
  });
}
report("best-of-m", rows, {
  setting: `${TEXTS} texts of ${TOKENS} tokens, passages of ${PASSAGE}, alpha ${ALPHA}, ${TEXTS * WRONG_KEYS} wrong-key tests a row, profile ${profile.id}`,
});
