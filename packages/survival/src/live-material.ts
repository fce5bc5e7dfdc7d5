/** Models of a material that can be asked now: a file that is run here, or servers that mark what they answer. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Key, VerdigrisError, parseProfile } from "@verdigris/core";
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
    ...(model !== undefined && { model: { ...model, sha256: await digestOfFile(model.file) } }),
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
  const key = Key.fromText(await readTextFile(keyFile));
  const arms = await Promise.all(
    marked.map(async ({ profile, ...server }) => {
      const own = parseProfile(await readJson(profile));
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

async function digestOfFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const part of createReadStream(file)) hash.update(part as Uint8Array);
  } catch (cause) {
    throw new VerdigrisError("MODEL_MISSING", `model: ${file} cannot be read`, { cause });
  }
  return hash.digest("hex");
}
