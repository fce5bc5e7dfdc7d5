/** Models of a material that can be asked now: a file that is run here, or servers that mark what they answer. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Key, VerdigrisError, parseProfile } from "@verdigris/core";
import { inFile } from "@verdigris/text";
import type { MarkedArm } from "./corpus.js";
import type { ApiKey } from "./endpoint/api-key.js";
import { requireAddress } from "./endpoint/index.js";
import { readJson, readTextFile } from "./text-file.js";

/** A GGUF file that is run in this process. */
export interface ModelFile {
  readonly file: string;
  readonly sha256: string;
  /** Texts written at a time, and threads that write them. */
  readonly sequences: number;
  readonly threads: number;
}

/** A model behind an OpenAI-compatible API. */
export interface ServedModel {
  readonly url: string;
  readonly model: string;
  /** For servers that ask for one. */
  readonly apiKey?: ApiKey;
}

/** A model that is served without a mark, and with each of some marks. Arms hold no texts: they are asked for. */
export interface ServedTeacher {
  readonly unmarked: ServedModel;
  readonly arms: readonly (ServedModel & MarkedArm)[];
}

/** The models of a material. */
export interface LiveModels {
  readonly model?: ModelFile;
  readonly served?: ServedTeacher;
}

/** Where they are. */
export interface LivePlaces {
  readonly model?: Omit<ModelFile, "sha256"> | undefined;
  /** `profile` and `keyFile` are files. */
  readonly served?:
    | {
        readonly unmarked: ServedModel;
        readonly marked: readonly (ServedModel & { readonly profile: string })[];
        readonly keyFile: string;
      }
    | undefined;
}

/** @throws VerdigrisError MODEL_MISSING, FILE_*, PROFILE_INVALID or KEY_INVALID; TypeError for an address that is none */
export async function loadLive({ model, served }: LivePlaces): Promise<LiveModels> {
  return {
    ...(model !== undefined && { model: { ...model, sha256: await digestOfModel(model.file) } }),
    ...(served !== undefined && { served: await loadServed(served) }),
  };
}

async function loadServed({
  unmarked,
  marked,
  keyFile,
}: NonNullable<LivePlaces["served"]>): Promise<ServedTeacher> {
  requireAddress("material.served.unmarked.url", unmarked.url);
  marked.forEach(({ url }, i) => requireAddress(`material.served.marked.${i}.url`, url));
  const keyText = await readTextFile(keyFile);
  const key = inFile(keyFile, () => Key.fromText(keyText));
  const arms = await Promise.all(
    marked.map(async ({ profile, ...server }) => {
      const value = await readJson(profile);
      const own = inFile(profile, () => parseProfile(value));
      return { ...server, profile: own, key, texts: [] };
    }),
  );
  return { unmarked, arms };
}

/**
 * What they are known by: which file or server is asked; what it will say is not known yet, and what it lets somebody in for
 * does not matter. Null if there is none.
 */
export function identityOf({ model, served }: LiveModels): object | null {
  if (model === undefined && served === undefined) return null;
  const server = ({ url, model: name }: ServedModel): object => ({ url, model: name });
  return {
    ...(model !== undefined && { model: model.sha256 }),
    ...(served !== undefined && {
      served: {
        unmarked: server(served.unmarked),
        arms: served.arms.map(({ profile, key, ...own }) => ({
          ...server(own),
          profile,
          keyId: key.id,
        })),
      },
    }),
  };
}

/** What every GGUF file begins with. */
const MAGIC = "GGUF";

async function digestOfModel(file: string): Promise<string> {
  const hash = createHash("sha256");
  let start = "";
  try {
    for await (const part of createReadStream(file)) {
      if (start === "") start = (part as Buffer).toString("latin1", 0, MAGIC.length);
      hash.update(part as Buffer);
    }
  } catch (cause) {
    const { message } = cause as Error;
    throw new VerdigrisError("MODEL_MISSING", `model: ${file} cannot be read: ${message}`, {
      cause,
    });
  }
  if (start === MAGIC) return hash.digest("hex");
  throw new VerdigrisError("FILE_INVALID", `model: ${file} is not a GGUF file`);
}
