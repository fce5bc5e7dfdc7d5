import { dirname, join, resolve } from "node:path";
import type {
  ApiKey,
  Experiment,
  LivePlaces,
  Material,
  Report,
  Study,
  StudyReport,
} from "@verdigris/survival";
import { writeWhole } from "@verdigris/text";
import { inFile } from "../../files.js";
import { type Io, print, tell } from "../../io.js";

/** A configuration as it was read. */
export interface ConfigFile {
  readonly path: string;
  readonly value: unknown;
}

/** The material that a configuration file names; its paths start where the file lies. */
export async function loadMaterialOf(
  io: Io,
  { material }: Pick<Experiment, "material"> | Pick<Study, "material">,
  path: string,
): Promise<Material> {
  const { ApiKey, loadMaterial } = await import("@verdigris/survival");
  const at = (file: string): string => resolve(dirname(path), file);
  const { manifest, human, humanTokensPerFile } = material;
  const { model, served } = material as Study["material"];
  const apiKey = (variable: string, field: string): ApiKey =>
    inFile(path, () => ApiKey.fromEnvironment(io.env, { variable, field }));
  const texts = { files: human.map(at), tokensPerFile: humanTokensPerFile };
  return loadMaterial(at(manifest), texts, {
    model: model && { ...model, file: at(model.file) },
    served: served && servedOf(served, { at, apiKey }),
  });
}

type Served = NonNullable<Study["material"]["served"]>;

/** Servers with their keys: a variable that is not set is missed before anything is done. */
function servedOf(
  { unmarked, marked, keyFile }: Served,
  {
    at,
    apiKey,
  }: {
    readonly at: (file: string) => string;
    readonly apiKey: (variable: string, field: string) => ApiKey;
  },
): LivePlaces["served"] {
  const opened = <Server extends { readonly apiKeyEnv?: string }>(
    { apiKeyEnv, ...server }: Server,
    name: string,
  ): Omit<Server, "apiKeyEnv"> & { readonly apiKey?: ApiKey } =>
    apiKeyEnv === undefined
      ? server
      : { ...server, apiKey: apiKey(apiKeyEnv, `study.material.served.${name}.apiKeyEnv`) };
  return {
    unmarked: opened(unmarked, "unmarked"),
    marked: marked.map((arm, i) => opened({ ...arm, profile: at(arm.profile) }, `marked.${i}`)),
    keyFile: at(keyFile),
  };
}
/** Writes a report in its three forms. */
export async function writeReport(
  io: Io,
  report: Report | StudyReport,
  directory: string,
): Promise<void> {
  const { renderHtml, renderJson, renderMarkdown } = await import("@verdigris/survival");
  await writeWhole(join(directory, "report.json"), renderJson(report));
  await writeWhole(join(directory, "report.md"), renderMarkdown(report));
  await writeWhole(join(directory, "report.html"), renderHtml(report));
  const names =
    "kind" in report
      ? "report.json, report.md and report.html"
      : "report.json, report.md, report.html and forecasts.json";
  tell(io, `wrote ${names} in ${directory}`);
}

/** Prints a report. */
export async function printReport(
  io: Io,
  report: Report | StudyReport,
  format: "text" | "json",
): Promise<void> {
  const { renderJson, renderText } = await import("@verdigris/survival");
  await print(io, format === "json" ? renderJson(report) : renderText(report));
}
