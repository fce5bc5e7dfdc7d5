import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { type Profile, parseProfile } from "@verdigris/core";
import { type Material, loadMaterial } from "@verdigris/survival";

const corpora = fileURLToPath(new URL("../../fixtures/corpora/", import.meta.url));

/** The recorded corpus of SmolLM2-135M-Instruct and some human text. */
export function recordedMaterial(): Promise<Material> {
  return loadMaterial(`${corpora}smollm2/manifest.json`, {
    files: [`${corpora}human/sotu.txt.br`, `${corpora}human/moby-dick.txt.br`],
    tokensPerFile: 60_000,
  });
}

const profiles = fileURLToPath(new URL("../../fixtures/profiles/", import.meta.url));

/** A profile of every scheme that is not ours, by the name of its file. */
export function foreignProfiles(): readonly (readonly [string, Profile])[] {
  return globSync("*.json", { cwd: profiles })
    .toSorted()
    .map((file) => [
      basename(file, ".json"),
      parseProfile(JSON.parse(readFileSync(profiles + file, "utf8"))),
    ]);
}
