import { fileURLToPath } from "node:url";
import { type Material, loadMaterial } from "@verdigris/survival";

const corpora = fileURLToPath(new URL("../../fixtures/corpora/", import.meta.url));

/** The recorded corpus of SmolLM2-135M-Instruct and some human text. */
export function recordedMaterial(): Promise<Material> {
  return loadMaterial(`${corpora}smollm2/manifest.json`, {
    files: [`${corpora}human/sotu.txt.br`, `${corpora}human/moby-dick.txt.br`],
    tokensPerFile: 60_000,
  });
}
