/** What a study says where the model that it asks for is not there. With one: bench/quality/live-study.json. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadMaterial, runStudy } from "../../src/index.js";
import { smallStudy, studyMaterial } from "./support.js";

let directory: string;
beforeAll(async () => void (directory = await mkdtemp(join(tmpdir(), "verdigris-live-"))));
afterAll(() => rm(directory, { recursive: true, force: true }));

const words = { encode: () => new Uint32Array(4), decode: () => "words" };

it.each([
  [
    "a teacher of kind model",
    { teacher: { kind: "model" } },
    "study.default.teacher: expected a GGUF file in material.model for the model teacher, got none",
  ],
  [
    "rewriting",
    { attack: { kind: "rewriting" } },
    "study.default.attack: expected a GGUF file in material.model for the attack rewriting, got none; possible here: ",
  ],
])("a study asks for a model for %s", async (_name, change, message) => {
  const study = smallStudy({ keys: 1, seeds: 1, default: { tokens: 1000, ...change }, vary: {} });
  const material = { ...studyMaterial(), tokenizer: words as never };
  await expect(runStudy(study, material, { directory })).rejects.toThrow(message);
});

it("a model that is not there is missed before anything is computed", async () => {
  const manifest = fileURLToPath(
    new URL("../../../../fixtures/corpora/smollm2/manifest.json", import.meta.url),
  );
  const live = { file: join(directory, "none.gguf"), sequences: 8, threads: 1 };
  const human = { files: [], tokensPerFile: 1 };
  await expect(loadMaterial(manifest, human, { model: live })).rejects.toMatchObject({
    code: "MODEL_MISSING",
  });
  const other = { model: { ...live, file: manifest } };
  await expect(loadMaterial(manifest, human, other)).rejects.toThrow(
    /^model: \S+manifest\.json is not a GGUF file$/,
  );
});
