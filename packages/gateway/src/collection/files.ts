/** Collections on disk: one small compressed file a scope, in the place of each process. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { VerdigrisError } from "@verdigris/core";
import { asFileError, writeWhole } from "@verdigris/text";
import { Collected } from "./collected.js";
import { type Place, inPlace, pathOf, placesIn } from "./places.js";

const FILE = /^[0-9a-f]{24}-(?:key|tenant)-[0-9a-f]{24}\.collected$/;
/** A sketch is mostly zeros: little effort finds them. */
const LEVEL = { level: 1 };

/** @throws VerdigrisError FILE_NOT_FOUND, FILE_UNREADABLE, FILE_INVALID */
export async function readCollected(path: string): Promise<Collected> {
  const packed = await readFile(path).catch((error: unknown) => {
    throw asFileError(error, path);
  });
  const contents = await promisify(gunzip)(packed).catch((cause: unknown) => {
    throw new VerdigrisError("FILE_INVALID", `${path}: is no collection`, { cause });
  });
  return Collected.fromBytes(contents, path);
}

/** Writes into a place that is held. @throws VerdigrisError FILE_UNWRITABLE; the old file is there then */
export async function writeCollected(
  place: Place,
  name: string,
  collected: Collected,
): Promise<void> {
  const packed = await promisify(gzip)(collected.toBytes(), LEVEL);
  // Who has lost the place must not make it again, nor write into what the next one writes.
  const writer = `.${place.generation}`;
  const options = { isPrivate: true, makesFolders: false, writer };
  await writeWhole(join(pathOf(place), name), packed, options);
}

/**
 * The collections of all processes and instances, merged scope by scope, a group's side by side and its keys first; one is in
 * memory at a time. @throws VerdigrisError FILE_*; of instances that do not share salt and width, FILE_INVALID naming the file
 */
export async function* collections(directories: readonly string[]): AsyncGenerator<Collected> {
  const places = (await Promise.all(directories.map(placesIn))).flat();
  const listed = await Promise.all(
    places.map(async (place) => ({ place, names: new Set(await inPlace(place, filesIn)) })),
  );
  for (const name of new Set(listed.flatMap(({ names }) => [...names]).toSorted())) {
    const holders = listed.filter(({ names }) => names.has(name));
    let all: Collected | null = null;
    for (const { place } of holders) {
      all = await inPlace(place, (path) => mergedWith(all, join(path, name)));
    }
    if (all !== null) yield all;
  }
}

/** What a file holds, and what was read before it. */
async function mergedWith(all: Collected | null, path: string): Promise<Collected> {
  const own = await readCollected(path);
  if (all === null) return own;
  try {
    all.merge(own);
    return all;
  } catch (cause) {
    const why = `cannot be merged with another instance's (${(cause as Error).message})`;
    throw new VerdigrisError("FILE_INVALID", `${path}: ${why}`, { cause });
  }
}

async function filesIn(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    throw asFileError(error, directory);
  });
  return names.filter((name) => FILE.test(name));
}
