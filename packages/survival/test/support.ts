import { Key, bindScheme } from "@verdigris/core";
import { randomTokens, testProfile } from "@verdigris/core/testing";
import {
  type Material,
  type Text,
  countTeacher,
  parseExperiment,
  randomStream,
  writeTexts,
} from "../src/index.js";

export const V = 400;

/** Texts of a skewed vocabulary with some memory: enough for a count model to imitate. */
export function plainTexts(count: number, length: number, seed: number): Text[] {
  const draws = randomTokens(count * length, 1_000_003, seed);
  return Array.from({ length: count }, (_, t) => {
    const tokens = new Uint32Array(length);
    for (let i = 0; i < length; i++) {
      const draw = draws[t * length + i];
      const previous = i === 0 ? 0 : tokens[i - 1];
      // A third of the steps follow the previous token; the rest are skewed to low ids.
      tokens[i] =
        draw % 3 === 0 ? (previous * 7 + (draw % 5)) % V : Math.floor((draw % V) ** 2 / V);
    }
    return { prompt: `p${t}`, tokens };
  });
}

/** A small complete material: a count-model teacher of random text, marked with h = 1. */
export async function smallMaterial(): Promise<Material> {
  const source = plainTexts(80, 100, 3);
  const profile = testProfile({ id: "small", V });
  const key = Key.fromBytes(new Uint8Array(32).fill(3));
  const teacher = countTeacher(source, { vocabularySize: V });
  const lesson = { tokens: 6000, length: 100, prompts: source };
  const scheme = bindScheme(profile, key);
  const marked = await writeTexts(teacher, { ...lesson, scheme, random: randomStream("marked") });
  const unmarked = await writeTexts(teacher, {
    ...lesson,
    tokens: 9000,
    scheme: null,
    random: randomStream("unmarked"),
  });
  return {
    digest: "small",
    vocabularySize: V,
    arms: [{ profile, key, texts: marked }],
    unmarked,
    human: plainTexts(20, 100, 4),
  };
}

/** An experiment on it. */
export function smallExperiment(changes: object = {}): ReturnType<typeof parseExperiment> {
  return parseExperiment({
    name: "small",
    material: { manifest: "-", human: ["-"] },
    tokens: 5000,
    audit: { closed: 300, open: 200, decoys: 19 },
    runs: [{ h: [1], rho: [1], student: { kind: "count" } }],
    ...changes,
  });
}
