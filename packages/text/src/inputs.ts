/** Files, directories and patterns of a command line as files. */
import { realpath, stat } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";

import { VerdigrisError } from "@verdigris/core";
import { glob, isDynamicPattern } from "tinyglobby";

import { asFileError } from "./file-errors.js";
import { formatOf, formats } from "./formats/index.js";

/**
 * The files that `input` stands for, relative to `cwd` if it is: itself, or "-"; of a directory all files below it
 * with a known ending; else, if nothing has that very name, all files that match it as a pattern. In the order of
 * their names' code units. Hidden files are left out, links followed, and a file that can be reached in two ways
 * comes once.
 * @throws VerdigrisError FILE_NOT_FOUND naming the input, if there is none
 */
export async function findFiles(input: string, cwd: string): Promise<readonly string[]> {
  if (input === "-") return [input];
  const found = await stat(resolve(cwd, input)).catch((error: unknown) =>
    asFileError(error, input),
  );
  if (found instanceof VerdigrisError) {
    if (found.code !== "FILE_NOT_FOUND" || !isDynamicPattern(input)) throw found;
    return existing(await matches(input, cwd), `no file matches ${input}`);
  }
  if (!found.isDirectory()) return [input];
  const below = await matches("**/*", resolve(cwd, input));
  const known = Object.values(formats).flatMap(({ extensions }) => extensions);
  return existing(
    below.filter((path) => formatOf(path) !== null).map((path) => join(input, path)),
    `${input} holds no file that ends in ${known.join(", ")}`,
  );
}

async function matches(pattern: string, cwd: string): Promise<readonly string[]> {
  const found = await glob(pattern, {
    cwd,
    absolute: isAbsolute(pattern),
    expandDirectories: false,
  });
  const files = new Map<string, string>();
  // The longest way first, so that the shortest is kept: not the one that goes around in a circle of links.
  for (const path of found.toSorted((a, b) => b.length - a.length || (a < b ? 1 : -1)))
    files.set(await realpath(resolve(cwd, path)), path);
  return [...files.values()].toSorted();
}

function existing(paths: readonly string[], otherwise: string): readonly string[] {
  if (paths.length === 0) throw new VerdigrisError("FILE_NOT_FOUND", otherwise);
  return paths;
}
