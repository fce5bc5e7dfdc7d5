import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Key, type Profile, VerdigrisError, parseProfile, parseWith } from "@verdigris/core";
import { type Tokenizer, readDocuments, readTokenizer } from "@verdigris/text";
import * as z from "zod";
import type { Text } from "./corpus.js";
import { digestOf } from "./store.js";
import { readTextFile } from "./text-file.js";

/** A teacher's answers under one mark. */
export interface MarkedArm {
  readonly profile: Profile;
  readonly key: Key;
  readonly texts: readonly Text[];
}

/** A GGUF file that is run in this process. */
export interface ModelFile {
  readonly file: string;
  readonly sha256: string;
  /** Texts written at a time, and threads that write them. */
  readonly sequences: number;
  readonly threads: number;
}

/** Everything an experiment learns from: what the teacher wrote with each mark and without, and human text. */
export interface Material {
  /** Identifies the texts; enters every digest. */
  readonly digest: string;
  readonly vocabularySize: number;
  /** The teacher's; absent where its tokens stand for no text. */
  readonly tokenizer?: Tokenizer;
  /** Where it was read. */
  readonly tokenizerFile?: string;
  /** The model that can be asked now; absent where only what was recorded is known. */
  readonly model?: ModelFile;
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
 * @param live a model that may be asked for more
 * @throws VerdigrisError CONFIG_INVALID for a malformed manifest, FILE_* for a missing or altered file, MODEL_MISSING
 */
export async function loadMaterial(
  manifestPath: string,
  humanText: HumanText,
  live?: Omit<ModelFile, "sha256">,
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
  const model = live === undefined ? undefined : { ...live, sha256: await modelDigest(live.file) };
  const recorded = digestOf({
    arms: digests,
    keyId: key.id,
    human: human.map(({ tokens }) => digestOf(Array.from(tokens))),
  });
  return {
    // What a model will say is not known yet, but which one is asked.
    digest: model === undefined ? recorded : digestOf({ recorded, model: model.sha256 }),
    ...(model !== undefined && { model }),
    vocabularySize: manifest.model.vocabularySize,
    tokenizer,
    tokenizerFile: at(manifest.tokenizer.file),
    arms,
    unmarked,
    human,
  };
}

async function modelDigest(file: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const part of createReadStream(file)) hash.update(part as Uint8Array);
  } catch (cause) {
    throw new VerdigrisError("MODEL_MISSING", `model: ${file} cannot be read`, { cause });
  }
  return hash.digest("hex");
}

/** Reads a JSON file. @throws VerdigrisError FILE_* */
export async function readJson(path: string): Promise<unknown> {
  const text = await readTextFile(path);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new VerdigrisError("FILE_INVALID", `${path}: is not JSON: ${(cause as Error).message}`, {
      cause,
    });
  }
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
