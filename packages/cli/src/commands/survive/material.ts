/** What a configuration learns from: its files, found before any is read, and its servers' API keys. */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { ApiKey, Experiment, LivePlaces, Material, Study } from "@verdigris/survival";
import { asFileError, inFile } from "@verdigris/text";
import type { Io } from "../../io.js";

/** An experiment's material is a study's without models that may be asked. */
type MaterialConfig = Experiment["material"] & Partial<Study["material"]>;

/**
 * The material that a configuration file names; its paths start where the file lies.
 * @throws VerdigrisError FILE_*, CONFIG_INVALID or KEY_INVALID naming file and field; as `loadMaterial` does
 */
export async function loadMaterialOf(
  io: Io,
  { material }: { readonly material: MaterialConfig },
  path: string,
): Promise<Material> {
  const { loadMaterial } = await import("@verdigris/survival");
  const at = (file: string): string => resolve(dirname(path), file);
  const { manifest, human, humanTokensPerFile, model, served } = material;
  const live = {
    model: model && { ...model, file: at(model.file) },
    served: served && (await opened(io, served, { path, at })),
  };
  await requireFiles(path, [
    ["manifest", at(manifest)],
    ...human.map((file, i) => [`human.${i}`, at(file)] as const),
    ...(live.model === undefined ? [] : [["model.file", live.model.file] as const]),
    ...(live.served === undefined ? [] : [["served.keyFile", live.served.keyFile] as const]),
    ...(live.served?.marked ?? []).map(
      ({ profile }, i) => [`served.marked.${i}.profile`, profile] as const,
    ),
  ]);
  const texts = { files: human.map(at), tokensPerFile: humanTokensPerFile };
  return loadMaterial(at(manifest), texts, live);
}

async function requireFiles(
  path: string,
  files: readonly (readonly [field: string, file: string])[],
): Promise<void> {
  for (const [field, file] of files)
    await access(file, constants.R_OK).catch((error: unknown) => {
      throw asFileError(error, `${path}: material.${field}: ${file}`);
    });
}

type Served = NonNullable<Study["material"]["served"]>;

/** Servers with their keys. A variable that is not set is missed before anything is done. */
async function opened(
  io: Io,
  { unmarked, marked, keyFile }: Served,
  { path, at }: { readonly path: string; readonly at: (file: string) => string },
): Promise<NonNullable<LivePlaces["served"]>> {
  const { ApiKey } = await import("@verdigris/survival");
  const withKey = <Server extends { readonly apiKeyEnv?: string }>(
    { apiKeyEnv: variable, ...server }: Server,
    name: string,
  ): Omit<Server, "apiKeyEnv"> & { readonly apiKey?: ApiKey } => {
    if (variable === undefined) return server;
    const field = `material.served.${name}.apiKeyEnv`;
    const apiKey = inFile(path, () => ApiKey.fromEnvironment(io.env, { variable, field }));
    return { ...server, apiKey };
  };
  return {
    unmarked: withKey(unmarked, "unmarked"),
    marked: marked.map((arm, i) => withKey({ ...arm, profile: at(arm.profile) }, `marked.${i}`)),
    keyFile: at(keyFile),
  };
}
