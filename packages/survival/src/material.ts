import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Key, VerdigrisError, parseProfile, parseWith } from "@verdigris/core";
import { type Tokenizer, readDocuments, readTokenizer } from "@verdigris/text";
import * as z from "zod";
import type { MarkedArm, Text } from "./corpus.js";
import { type LiveModels, type LivePlaces, identityOf, loadLive } from "./live-material.js";
import { digestOf } from "./store.js";
import { readJson, readTextFile } from "./text-file.js";

/** Everything an experiment learns from: what the teacher wrote with each mark and without, and human text. */
export interface Material extends LiveModels {
  /** Identifies the texts; enters every digest. */
  readonly digest: string;
  readonly vocabularySize: number;
  /** The teacher's; absent where its tokens stand for no text. */
  readonly tokenizer?: Tokenizer;
  /** Where it was read. */
  readonly tokenizerFile?: string;
  readonly arms: readonly MarkedArm[];
  readonly unmarked: readonly Text[];
  readonly human: readonly Text[];
}

const armSchema = z.strictObject({
  name: z.string(),
  file: z.string(),
  sha256: z.string(),
  texts: z.int().min(1),
  tokens: z.int().min(1),
  maxTokens: z.int().min(1),
  profile: z.unknown(),
});

/** What lies beside a recorded corpus; paths are relative to it. */
const manifestSchema = z.object({
  model: z.object({
    id: z.string(),
    file: z.string(),
    sha256: z.string(),
    vocabularySize: z.int().min(2),
  }),
  tokenizer: z.strictObject({ file: z.string(), sha256: z.string() }),
  keyFile: z.string(),
  arms: z.array(armSchema).min(1),
});

/** Human text that the base model of a student is made from. */
export interface HumanText {
  readonly files: readonly string[];
  /** Tokens to take of each file. */
  readonly tokensPerFile: number;
}

/**
 * Loads a recorded corpus by its manifest.
 * @param places of models that may be asked for more
 * @throws VerdigrisError CONFIG_INVALID for a malformed manifest, FILE_* for a missing or altered file, MODEL_MISSING
 */
export async function loadMaterial(
  manifestPath: string,
  humanText: HumanText,
  places: LivePlaces = {},
): Promise<Material> {
  const where = { name: manifestPath, code: "CONFIG_INVALID" } as const;
  const manifest = parseWith(manifestSchema, await readJson(manifestPath), where);
  const at = (file: string): string => resolve(dirname(manifestPath), file);
  const key = Key.fromText(await readTextFile(at(manifest.keyFile)));
  const arms: MarkedArm[] = [];
  let unmarked: readonly Text[] = [];
  for (const arm of manifest.arms) {
    const texts = await readTexts(at(arm.file), arm.sha256);
    if (arm.profile === null) unmarked = texts;
    else arms.push({ profile: parseProfile(arm.profile), key, texts });
  }
  const tokenizer = await readTokenizer(at(manifest.tokenizer.file));
  const human = await readHuman(tokenizer, humanText);
  const digests = manifest.arms.map((arm) => arm.sha256);
  const live = await loadLive(places);
  const identity = identityOf(live);
  const recorded = digestOf({
    arms: digests,
    keyId: key.id,
    human: human.map(({ tokens }) => digestOf(Array.from(tokens))),
  });
  return {
    digest: identity === null ? recorded : digestOf({ recorded, ...identity }),
    ...live,
    vocabularySize: manifest.model.vocabularySize,
    tokenizer,
    tokenizerFile: at(manifest.tokenizer.file),
    arms,
    unmarked,
    human,
  };
}

async function readTexts(path: string, sha256: string): Promise<readonly Text[]> {
  const found = createHash("sha256")
    .update(await readFile(path).catch(() => ""))
    .digest("hex");
  if (found !== sha256) {
    throw new VerdigrisError(
      "FILE_INVALID",
      `${path}: expected SHA-256 ${sha256} as in the manifest, got ${found}`,
    );
  }
  const texts: Text[] = [];
  for await (const item of readDocuments(path)) {
    if (item.kind === "problem" || item.tokens === undefined) {
      throw new VerdigrisError(
        "FILE_INVALID",
        `${path}: expected one {prompt, tokens, text} a line`,
      );
    }
    texts.push({ prompt: item.id, tokens: item.tokens });
  }
  return texts;
}

/** Characters per token of English, a little low, so that enough text is encoded. */
const CHARACTERS_PER_TOKEN = 6;

async function readHuman(tokenizer: Tokenizer, humanText: HumanText): Promise<readonly Text[]> {
  const texts: Text[] = [];
  for (const file of humanText.files) {
    let left = humanText.tokensPerFile;
    for await (const item of readDocuments(file)) {
      if (item.kind === "problem") continue;
      const tokens = tokenizer
        .encode(item.text.slice(0, left * CHARACTERS_PER_TOKEN))
        .subarray(0, left);
      texts.push({ prompt: `${file}#${texts.length}`, tokens });
      left -= tokens.length;
      if (left <= 0) break;
    }
  }
  return texts;
}
