// What the benchmarks of quality share: the recorded corpora, texts under other marks, and reading a text back.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Key, bindScheme, createKernel, parseProfile } from "@verdigris/core";
import { Tally, evidenceOf } from "@verdigris/detector";
import { countTeacher, loadMaterial, randomStream, writeTexts } from "@verdigris/survival";
import { normalise, readTokenizer } from "@verdigris/text";

const fixture = (path) => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));

/** A number given as --name=N. */
export function option(name, usual) {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given === undefined ? usual : Number(given.split("=")[1]);
}

export const kernel = createKernel();
export const tokenizer = await readTokenizer(fixture("models/smollm2/tokenizer.json"));
export const material = await loadMaterial(fixture("corpora/smollm2/manifest.json"), {
  files: [fixture("corpora/human/sotu.txt.br"), fixture("corpora/human/moby-dick.txt.br")],
  tokensPerFile: 100_000,
});

/** Key of the texts that are written here. */
const KEY = Key.fromBytes(new Uint8Array(32).fill(5));

/** The recorded arms: real output of SmolLM2-135M. */
export function recordedArms() {
  return material.arms.map(({ profile, key, texts }) => ({
    name: `green h=${profile.h}`,
    teacher: "SmolLM2",
    profile,
    key,
    pieces: texts.map(({ tokens }) => tokens),
  }));
}

/** Those of the marks that no corpus was recorded with which are named, in texts of a count model (order 3) of the unmarked answers. */
export async function countArms(tokens, length, names) {
  const teacher = countTeacher(material.unmarked, { vocabularySize: material.vocabularySize });
  const [{ profile: green }] = material.arms;
  const foreign = (id) =>
    parseProfile(JSON.parse(readFileSync(fixture(`profiles/${id}.json`), "utf8")));
  const marks = [
    ["green self h=3", { ...green, id: "green-self", h: 3, seeding: "self" }],
    ["Gumbel h=2", { ...green, id: "gumbel", scheme: "gumbel", parameters: {}, h: 2 }],
    ["HF left-hash", foreign("hf-lefthash")],
    ["HF self-hash", foreign("hf-selfhash")],
    ["SynthID (HF)", foreign("synthid-hf")],
    ["SynthID weighted", foreign("synthid-hf-weighted")],
    ["vLLM Gumbel", foreign("vllm-gumbel")],
    ["TextSeal Gumbel", foreign("textseal-gumbel")],
  ];
  const arms = [];
  for (const [name, profile] of marks) {
    if (!names.includes(name)) continue;
    const texts = await writeTexts(teacher, {
      scheme: bindScheme(profile, KEY, kernel),
      random: randomStream("count arm", name),
      tokens,
      length,
      prompts: material.unmarked,
    });
    const pieces = texts.map((text) => text.tokens);
    arms.push({ name, teacher: "count model", profile, key: KEY, pieces });
  }
  return arms;
}

/** Texts of exactly `length` tokens, each made of whole pieces but for the last: disjoint, at most `most`. */
export function textsOf(pieces, length, most) {
  const texts = [];
  let [current, have] = [[], 0];
  for (const piece of pieces) {
    const part = piece.subarray(0, length - have);
    current.push(part);
    have += part.length;
    if (have < length) continue;
    texts.push(current);
    [current, have] = [[], 0];
    if (texts.length === most) break;
  }
  return texts;
}

/** A share, rounded. */
export const share = (hits, all) => Number((hits / all).toFixed(4));

/** The evidence of pieces of one text under a key. */
export function scored(profile, key, pieces) {
  return scoredWith(bindScheme(profile, key, kernel), pieces);
}

/** The same by a bound scheme. */
export function scoredWith(scheme, pieces) {
  const tally = new Tally(scheme);
  for (const tokens of pieces) tally.add({ tokens });
  return evidenceOf(scheme.law, tally.count());
}

/** A suspect text as tokens, as the command reads it. */
export function readBack(text) {
  return tokenizer.encode(normalise(text).text);
}

/** Writes bench/results/NAME.json. */
export function writeResult(name, result) {
  const path = new URL(`../results/${name}.json`, import.meta.url);
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
}

/** Writes a page of packages/docs/guide. */
export function writeGuide(name, markdown) {
  writeFileSync(new URL(`../../packages/docs/guide/${name}.md`, import.meta.url), markdown);
}

/** A Markdown table. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? ":--" : "--:"))), ...rows.map(line)].join(
    "\n",
  );
}
