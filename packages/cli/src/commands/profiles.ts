import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  type Profile,
  VerdigrisError,
  parseProfile,
  parseWith,
  profileJsonSchema,
  schemes,
} from "@verdigris/core";
import { Command } from "commander";
import { readJsonFile, readProfile } from "../files.js";
import { type Io, locate, print } from "../io.js";
import { formatOption } from "../options.js";
import { profilesImportCommand } from "./profiles-import.js";

interface Directory {
  readonly dir: string;
}

/** `verdigris profiles`: what marks there are. */
export function profilesCommand(io: Io): Command {
  const profiles = new Command("profiles").description("look at schemes and profiles");
  const dir = ["--dir <dir>", "directory with profiles (*.json)", "."] as const;
  profiles
    .command("list")
    .description("schemes, and the profiles in a directory")
    .option(...dir)
    .addOption(formatOption(["text", "json"]))
    .action(async ({ dir: path, format }: Directory & { readonly format: string }) => {
      const directory = locate(io, path);
      const found = await profilesIn(directory);
      await print(io, format === "json" ? json(listed(found)) : listing(found, directory));
    });
  profiles
    .command("show")
    .description("print a profile")
    .argument("<id>", "id of a profile in the directory, or a profile's file (*.json)")
    .option(...dir)
    .action(async (id: string, { dir: path }: Directory) => {
      const isFile = id.endsWith(".json");
      const profile = await (isFile
        ? readProfile(locate(io, id))
        : profileWith(id, locate(io, path)));
      await print(io, json(profile));
    });
  profiles
    .command("validate")
    .description("check profiles: ok, or every problem with field, range and what came")
    .argument("<file...>", "profiles (JSON), or directories of them")
    .action((files: readonly string[]) => validate(io, files));
  profiles.addCommand(profilesImportCommand(io));
  profiles
    .command("schema")
    .description("print the JSON Schema of profiles")
    .action(() => print(io, json(profileJsonSchema())));
  return profiles;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Tells of every good profile, then fails with all that is wrong with the others. */
async function validate(io: Io, files: readonly string[]): Promise<void> {
  const wrong: VerdigrisError[] = [];
  for (const path of await profileFiles(files.map((file) => locate(io, file)))) {
    const value = await readJsonFile(path);
    const problems = problemsOf(value);
    if (problems.length > 0) {
      wrong.push(invalid(path, problems));
      continue;
    }
    const { id, version } = parseProfile(value);
    await print(io, `ok: ${id}, version ${version}\n`);
  }
  if (wrong.length === 0) return;
  const message = wrong.map((error) => error.message).join("\n");
  throw new VerdigrisError("PROFILE_INVALID", message);
}

/** Files as they are, directories as the profiles in them. */
async function profileFiles(paths: readonly string[]): Promise<readonly string[]> {
  const files: string[] = [];
  for (const path of paths) {
    if (!(await isDirectory(path))) files.push(path);
    else files.push(...(await profilesIn(path)).map(({ file }) => join(path, file)));
  }
  if (files.length === 0)
    throw new TypeError(`file: expected profiles (*.json) in ${paths.join(", ")}, got none`);
  return files;
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** What `list --format json` prints. */
function listed(found: readonly FoundProfile[]): object {
  return {
    version: 1,
    schemes: schemes.map(({ name, summary, origin, prfs }) => ({ name, summary, origin, prfs })),
    profiles: found.map(({ file, profile }) =>
      "problem" in profile
        ? { file, problem: profile.problem }
        : {
            file,
            id: profile.id,
            version: profile.version,
            scheme: profile.scheme,
            h: profile.h,
            V: profile.V,
          },
    ),
  };
}

function listing(found: readonly FoundProfile[], directory: string): string {
  const lines = [
    "Schemes:",
    ...schemes.map(({ name, summary, origin }) => `  ${name.padEnd(25)}${summary} (${origin})`),
    `Profiles in ${directory}:`,
    ...found.map(({ file, profile }) =>
      "problem" in profile
        ? `  ${file}: invalid: ${profile.problem}`
        : `  ${profile.id}  version ${profile.version}, ${profile.scheme}, h = ${profile.h}, V = ${profile.V}  (${file})`,
    ),
    ...(found.length === 0 ? ["  none"] : []),
  ];
  return `${lines.join("\n")}\n`;
}

async function profileWith(id: string, directory: string): Promise<Profile> {
  const known: string[] = [];
  for (const { profile } of await profilesIn(directory)) {
    if ("problem" in profile) continue;
    if (profile.id === id) return profile;
    known.push(profile.id);
  }
  const ids = known.length === 0 ? "there is none" : `it has ${known.join(", ")}`;
  throw new VerdigrisError(
    "FILE_NOT_FOUND",
    `id: expected a profile in ${directory} (${ids}), got ${JSON.stringify(id)}`,
  );
}

interface FoundProfile {
  readonly file: string;
  readonly profile: Profile | { readonly problem: string };
}

/** Profiles of a directory by file name, broken ones with their problem; other JSON files are passed over. */
async function profilesIn(directory: string): Promise<readonly FoundProfile[]> {
  const found: FoundProfile[] = [];
  for (const file of (await namesIn(directory)).filter((name) => name.endsWith(".json")).sort()) {
    const value = await readJsonFile(join(directory, file)).catch(() => null);
    if (typeof value !== "object" || value === null || !("scheme" in value)) continue;
    const [problem] = problemsOf(value);
    found.push({ file, profile: problem === undefined ? parseProfile(value) : { problem } });
  }
  return found;
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((cause: unknown) => {
    throw new VerdigrisError(
      "FILE_NOT_FOUND",
      `--dir: ${directory} is not a directory that can be read`,
      { cause },
    );
  });
}

/** Everything wrong with a would-be profile: its own fields, and its scheme's parameters besides. */
function problemsOf(value: unknown): readonly string[] {
  const { scheme, parameters } = (value ?? {}) as {
    readonly scheme?: unknown;
    readonly parameters?: unknown;
  };
  const definition = schemes.find(({ name }) => name === scheme);
  const where = { name: "profile.parameters", code: "PROFILE_INVALID" } as const;
  const all = [
    ...complaintsOf(() => parseProfile(value)),
    ...(definition === undefined
      ? []
      : complaintsOf(() => parseWith(definition.parameters, parameters, where))),
  ];
  return [...new Set(all)];
}

/** What a check of core's complains of; it puts all of it in one message. */
function complaintsOf(check: () => unknown): readonly string[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof VerdigrisError) return error.message.split(/; (?=profile\b)/);
    throw error;
  }
}

function invalid(path: string, problems: readonly string[]): VerdigrisError {
  return new VerdigrisError(
    "PROFILE_INVALID",
    [`${path} is not a profile:`, ...problems].join("\n  "),
  );
}
