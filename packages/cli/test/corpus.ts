/** A corpus of random words, marked and not, for the tests of `survive`. */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { KEY, PROFILE, TOKENIZER, file, inFolder, jsonl, keyPath, text, words } from "./support.js";

/** The material of a configuration that uses it. */
export const MATERIAL = {
  manifest: "corpus/manifest.json",
  human: ["corpus/human.txt"],
  humanTokensPerFile: 1000,
};

/** Writes it to the test's folder. */
export async function writeCorpus(): Promise<void> {
  mkdirSync(inFolder("corpus"));
  const arms = [await arm("h2", KEY), await arm("unmarked", null)];
  const manifest = {
    model: { id: "words", file: "none", sha256: "none", vocabularySize: 49_152 },
    tokenizer: { file: TOKENIZER, sha256: PROFILE.tokenizer.sha256 },
    keyFile: keyPath,
    arms,
  };
  file("corpus/manifest.json", JSON.stringify(manifest));
  file("corpus/human.txt", await text("human", 1500, { key: null }));
}

async function arm(name: string, key: typeof KEY | null): Promise<Record<string, unknown>> {
  const texts = await Promise.all(
    Array.from({ length: 20 }, (_, i) => words(`${name} ${i}`, 150, { key })),
  );
  const lines = jsonl(
    ...texts.map((tokens, i) => ({ id: String(i), text: "words", tokens: [...tokens] })),
  );
  file(`corpus/${name}.jsonl`, lines);
  const sha256 = createHash("sha256").update(lines).digest("hex");
  return {
    name,
    file: `${name}.jsonl`,
    sha256,
    texts: 20,
    tokens: 3000,
    maxTokens: 150,
    profile: key === null ? null : PROFILE,
  };
}
