// Packs a student's recorded answers for the scorer, and reduces its whole distributions to their green mass.
//   node bench/t3/pack.mjs ARM       .cache/t3/audit/ARM → fixtures/t3/ARM.json.br
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";
import { bindScheme } from "@verdigris/core";
import { profileOf, testKey } from "../../fixtures/corpora/arms.mjs";
import { PACKED, TOKENIZER, WORK, marksOf, readLines } from "./arms.mjs";

/** Likeliest tokens kept of the 16 recorded: enough for decoy keys. */
const [RECORDED_TOP, KEPT_TOP] = [16, 8];
const V = 49_152;

const [arm] = process.argv.slice(2);
const questions = new Map(
  readLines(new URL("audit/questions.jsonl", WORK)).map((question) => [question.set, question]),
);
const folder = new URL(`audit/${arm}/`, WORK);
const sets = {};
for (const set of ["human", "unmarked", "served-h1", "served-h2", "served-h4", "held-out"])
  if (existsSync(new URL(`${set}/done`, folder))) sets[set] = packed(set);
const student = new URL(`students/${arm}.json`, WORK);
const content = {
  arm,
  student: existsSync(student) ? JSON.parse(readFileSync(student, "utf8")) : null,
  sets,
  free: base64(freeTokens()),
};
mkdirSync(new URL("./", PACKED(arm)), { recursive: true });
const compressed = brotliCompressSync(Buffer.from(JSON.stringify(content)), {
  params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 },
});
writeFileSync(PACKED(arm), compressed);
console.log(`${arm}: ${compressed.length} bytes`);

function packed(set) {
  const file = (name) => readFileSync(new URL(`${set}/${name}`, folder));
  const losses = floats(file("loss.f32"));
  const loss = losses.reduce((sum, one) => sum + one, 0) / losses.length;
  const common = { positions: losses.length, loss };
  if (set === "held-out") return common;
  const { rows } = questions.get(set);
  const ids = new Uint16Array(rows.length * KEPT_TOP);
  const p = new Uint16Array(rows.length * KEPT_TOP);
  const [topIds, topP] = [shorts(file("top-ids.u16")), floats(file("top-p.f32"))];
  for (let row = 0; row < rows.length; row++) {
    for (let i = 0; i < KEPT_TOP; i++) {
      ids[row * KEPT_TOP + i] = topIds[row * RECORDED_TOP + i];
      p[row * KEPT_TOP + i] = Math.round(topP[row * RECORDED_TOP + i] * 65_535);
    }
  }
  return {
    ...common,
    best: file("best.u16").toString("base64"),
    drawn: file("drawn.u16").toString("base64"),
    top: { k: KEPT_TOP, ids: base64(ids), p: base64(p) },
    mass: masses(set, rows),
  };
}

/** Green mass of the whole distribution at each row, by mark, in 65,535ths. Then the distributions are not needed. */
function masses(set, rows) {
  const path = new URL(`${set}/rows.f16`, folder);
  const cached = new URL(`${set}/mass.json`, folder);
  if (existsSync(cached)) return JSON.parse(readFileSync(cached, "utf8"));
  const all = readFileSync(path);
  const { texts } = questions.get(set);
  const found = {};
  for (const h of marksOf(arm, set)) {
    const scheme = bindScheme(profileOf(h, TOKENIZER), testKey());
    const bias = new Float32Array(V);
    const mass = Uint16Array.from(rows, ([text, position], row) => {
      bias.fill(0);
      scheme.reweight(Uint32Array.from(texts[text].tokens.slice(0, position)), bias);
      const p = new Float16Array(all.buffer, all.byteOffset + row * V * 2, V);
      let [green, sum] = [0, 0];
      for (let id = 0; id < V; id++) {
        sum += p[id];
        if (bias[id] > 0) green += p[id];
      }
      return Math.round((green / sum) * 65_535);
    });
    found[`h${h}`] = base64(mass);
  }
  writeFileSync(cached, JSON.stringify(found));
  rmSync(path);
  return found;
}

/** Free answers one after another, each ended by 0, which no answer holds. */
function freeTokens() {
  const answers = JSON.parse(readFileSync(new URL("free/answers.json", folder), "utf8"));
  return Uint16Array.from(answers.flatMap((answer) => [...answer, 0]));
}

function base64(values) {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64");
}

function shorts(bytes) {
  return new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

function floats(bytes) {
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}
